import type { CommDelivery, Executor, Outcome, Output } from "../exec/index.js";
import type { Header, Incoming, KernelSockets, NoticeType } from "../wire/index.js";

/** A client's comm_open, comm_msg or comm_close. */
export type CommNotice = Extract<Incoming, { type: NoticeType }>;

type CommTable = Readonly<Record<string, { readonly target_name: string }>>;

/** Carries comm messages between clients and cells, and knows which comms are open. */
export interface Comms {
  /** Sends on what a cell says through a comm. */
  publish(parent: Header, output: Extract<Output, { type: "comm" }>): void;
  /** The open comms by id, all or those of one target. */
  info(target: string | undefined): CommTable;
  /**
   * Hands notices of one comm to the cells' handlers; errors in these are shown as the latest one's.
   * @returns how they ended; undefined where the comm isn't open
   */
  deliver(
    notices: readonly CommNotice[],
    publish: (parent: Header, output: Output) => void,
  ): Promise<Outcome | undefined>;
}

interface CommsOptions {
  readonly broadcast: KernelSockets["broadcast"];
  readonly executor: Pick<Executor, "deliver">;
  readonly log: (reason: string) => void;
}

/** Whether a message may be handed over together with those that wait: a slider's positions, of which the last counts. */
export function joins(waiting: readonly CommNotice[], next: CommNotice): boolean {
  const last = waiting.at(-1);
  return last?.type === "comm_msg" && next.type === "comm_msg" && last.content.comm_id === next.content.comm_id;
}

export function createComms({ broadcast, executor, log }: CommsOptions): Comms {
  const targets = new Map<string, string>();
  /** Closed by the kernel; what a client sent before it knew is no mistake of its. */
  const closed = new Set<string>();

  return {
    publish(parent, { event, id: comm_id, target: target_name, data, metadata, buffers: base64 }) {
      const buffers = base64.map((text) => Buffer.from(text, "base64"));
      switch (event) {
        case "open":
          targets.set(comm_id, target_name);
          broadcast(parent, "comm_open", { comm_id, target_name, data }, { metadata, buffers });
          return;
        case "message":
          broadcast(parent, "comm_msg", { comm_id, data }, { metadata, buffers });
          return;
        case "close":
          targets.delete(comm_id);
          closed.add(comm_id);
          broadcast(parent, "comm_close", { comm_id, data }, { metadata, buffers });
      }
    },
    info(target) {
      const entries = [...targets].filter(([, name]) => target === undefined || name === target);
      return Object.fromEntries(entries.map(([id, target_name]) => [id, { target_name }]));
    },
    async deliver(notices, publish) {
      const [first] = notices;
      const last = notices.at(-1);
      if (first === undefined || last === undefined) return undefined;
      const id = first.content.comm_id;
      if (first.type === "comm_open") targets.set(id, first.content.target_name);
      else if (!targets.has(id)) {
        if (!closed.has(id)) log(`${first.type} for no comm that is open`);
        return undefined;
      }
      if (first.type === "comm_close") targets.delete(id);
      const outcome = await executor.deliver(notices.map(delivery), (output) => {
        publish(last.header, output);
      });
      if (outcome.status === "error" || outcome.status === "interrupted") {
        const { ename, evalue, traceback } = outcome;
        publish(last.header, { type: "error", ename, evalue, traceback });
      }
      return outcome;
    },
  };
}

const events = { comm_open: "open", comm_msg: "message", comm_close: "close" } as const;

function delivery({ type, content, metadata, buffers }: CommNotice): CommDelivery {
  return {
    event: events[type],
    id: content.comm_id,
    target: "target_name" in content ? content.target_name : "",
    data: content.data,
    metadata,
    // Copies: a view would take the whole memory that it looks at along to the other thread.
    buffers: buffers.map((bytes) => new Uint8Array(bytes)),
  };
}

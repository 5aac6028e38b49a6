import type { CommDelivery, Executor, Outcome, Output } from "../exec/index.js";
import type { Header, Incoming, KernelSockets, NoticeType } from "../wire/index.js";
import { cellOutputs, type LastingOutput } from "./cell-outputs.js";

/** A client's comm_open, comm_msg or comm_close. */
export type CommNotice = Extract<Incoming, { type: NoticeType }>;

/** What of an execute_request says which cell it is. */
type CellRequest = Pick<Extract<Incoming, { type: "execute_request" }>, "header" | "metadata" | "content">;

type CommTable = Readonly<Record<string, { readonly target_name: string }>>;

/** Carries comm messages between clients and cells, and knows which comms are open. */
export interface Comms {
  /** Sends on what a cell says through a comm. */
  publish(parent: Header, output: Extract<Output, { type: "comm" }>): void;
  /**
   * Closes the widgets that the request's cell opened when it ran before: their place on the page is gone. Where the
   * client doesn't name its cells, as the classic Notebook, a cell is known by its words; a notebook may hold the same
   * words more than once, so that the latest runs of them keep their widgets.
   */
  leave(request: CellRequest): Promise<void>;
  /** The open comms by id, all or those of one target. */
  info(target: string | undefined): CommTable;
  /**
   * Hands notices to the cells' handlers; what these show, and their errors, are shown as the latest one's.
   * @returns how they ended; undefined where none of their comms is open
   */
  deliver(
    notices: readonly CommNotice[],
    publish: (parent: Header, output: LastingOutput) => void,
  ): Promise<Outcome | undefined>;
}

interface CommsOptions {
  readonly broadcast: KernelSockets["broadcast"];
  readonly executor: Pick<Executor, "deliver">;
  readonly log: (reason: string) => void;
}

/**
 * Whether a message may be handed over together with those that wait: a slider's positions, of which the last counts, and
 * those of the player that moves it.
 */
export function joins(waiting: readonly CommNotice[], next: CommNotice): boolean {
  return next.type === "comm_msg" && waiting.at(-1)?.type === "comm_msg";
}

export function createComms({ broadcast, executor, log }: CommsOptions): Comms {
  const targets = new Map<string, string>();
  /** Closed by the kernel; what a client sent before it knew is no mistake of its. */
  const closed = new Set<string>();
  /** The cell that each request runs, or in whose place a comm's message works. */
  const cells = new WeakMap<Header, string>();
  /** What cells have opened: comm → cell. */
  const opened = new Map<string, string>();

  /** Notes what a notice opens and closes. @returns whether there is a comm that it is for */
  function isOpen({ type, content }: CommNotice): boolean {
    const id = content.comm_id;
    if (type === "comm_open") targets.set(id, content.target_name);
    const known = targets.has(id);
    if (!known && !closed.has(id)) log(`${type} for no comm that is open`);
    if (type === "comm_close") {
      targets.delete(id);
      opened.delete(id);
    }
    return known;
  }

  /** Notes that the kernel has closed a comm. */
  function forget(id: string): void {
    targets.delete(id);
    opened.delete(id);
    closed.add(id);
    // The oldest: nothing that was sent to it is under way any more.
    if (closed.size > remembered) for (const old of closed) return void closed.delete(old);
  }

  function own(parent: Header, id: string): void {
    const cell = cells.get(parent);
    if (cell !== undefined) opened.set(id, cell);
  }

  /** Of the runs of these words that have widgets open, the one that is to make room for the next. */
  function oldestRun(code: string): string | undefined {
    const runs = new Set<string>();
    for (const by of opened.values()) {
      if (by.startsWith(words) && by.slice(by.indexOf("\n") + 1) === code) runs.add(by);
    }
    return runs.size < alike ? undefined : [...runs][0];
  }

  return {
    publish(parent, { event, id: comm_id, target: target_name, data, metadata, buffers: base64 }) {
      const buffers = base64.map((text) => Buffer.from(text, "base64"));
      switch (event) {
        case "open":
          targets.set(comm_id, target_name);
          own(parent, comm_id);
          broadcast(parent, "comm_open", { comm_id, target_name, data }, { metadata, buffers });
          return;
        case "message":
          broadcast(parent, "comm_msg", { comm_id, data }, { metadata, buffers });
          return;
        case "close":
          forget(comm_id);
          broadcast(parent, "comm_close", { comm_id, data }, { metadata, buffers });
      }
    },
    async leave({ header, metadata, content }) {
      const { cellId } = metadata;
      const named = typeof cellId === "string";
      // A name that no client gives.
      const cell = named ? cellId : `${words}${header.msg_id}\n${content.code}`;
      cells.set(header, cell);
      const gone = named ? cell : oldestRun(content.code);
      if (gone === undefined) return;
      const ids = [...opened].flatMap(([id, by]) => (by === gone && targets.get(id) === widgets ? [id] : []));
      if (ids.length === 0) return;
      for (const comm_id of ids) {
        forget(comm_id);
        broadcast(header, "comm_close", { comm_id, data: {} });
      }
      const close = { event: "close", target: "", data: {}, metadata: {}, buffers: [] } as const;
      await executor.deliver(
        ids.map((id) => ({ ...close, id })),
        () => undefined,
      );
    },
    info(target) {
      const entries = [...targets].filter(([, name]) => target === undefined || name === target);
      return Object.fromEntries(entries.map(([id, target_name]) => [id, { target_name }]));
    },
    async deliver(notices, publish) {
      const heeded = notices.filter(isOpen);
      const last = heeded.at(-1);
      if (last === undefined) return undefined;
      // The executor keeps this for late outputs, and no more: data and buffers may be large.
      const { header } = last;
      const cell = opened.get(last.content.comm_id);
      if (cell !== undefined) cells.set(header, cell);
      const outputs = cellOutputs((output) => {
        publish(header, output);
      });
      const outcome = await executor.deliver(heeded.map(delivery), outputs.show);
      outputs.end();
      if (outcome.status === "error" || outcome.status === "interrupted") {
        const { ename, evalue, traceback } = outcome;
        outputs.show({ type: "error", ename, evalue, traceback });
      }
      return outcome;
    },
  };
}

/** The target of ipywidgets' models. */
const widgets = "jupyter.widget";

/** Begins what stands for a cell whose client doesn't name it; a name has no such character. */
const words = "\0";

/** Runs of the same words whose widgets stay open. */
const alike = 4;

/** Closed comms that are told from unknown ones. */
const remembered = 1000;

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

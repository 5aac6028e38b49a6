import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Broadcast, ExecuteReply, Fields } from "../../kernel/wire/index.js";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

/** A response, with a body whose fields a test looks into. */
interface Response {
  readonly success: boolean;
  readonly command: string;
  readonly request_seq: number;
  readonly message?: string;
  readonly body: Fields;
}

interface Event {
  readonly event: string;
  readonly body: Fields;
}

interface Frame {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  readonly column: number;
  readonly source: { readonly path: string; readonly name: string };
}

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly variablesReference: number;
}

/** Talks to a kernel's debugger as a front end does. */
export interface DebugClient {
  request(command: string, given?: Fields): Promise<Response>;
  /** The body of a request that must succeed. */
  ask(command: string, given?: Fields): Promise<Fields>;
  /** The next event of a kind, from those that came since the last one asked for. */
  event(kind: string): Promise<Fields>;
  /** Events of a kind that have come and were not asked for. */
  pending(kind: string): number;
  /** As JupyterLab begins. */
  start(filters?: readonly string[]): Promise<void>;
  /** Sets breakpoints in a cell. @returns where they went */
  breakAt(code: string, ...lines: readonly (number | Fields)[]): Promise<readonly Fields[]>;
  /** Sends a cell. */
  run(code: string): Promise<ExecuteReply>;
  /** Waits for the next stop. @returns its frames */
  stopped(): Promise<readonly Frame[]>;
  /** The line of the next stop. */
  line(): Promise<number | undefined>;
  /** Every scope's variables of a frame, as name → value. */
  variables(frame: Frame): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>>;
  children(reference: number): Promise<readonly Variable[]>;
  close(): void;
}

/** How long an answer or event may take, in ms. */
const patience = 10_000;

export function debugClient(kernel: SpawnedKernel): DebugClient {
  let seq = 0;
  let events: Event[] = [];
  let wake = (): void => undefined;
  const stop = kernel.client.onBroadcast((message: Broadcast) => {
    if (message.type !== "debug_event") return;
    events.push({ event: String(message.content["event"]), body: (message.content["body"] ?? {}) as Fields });
    wake();
  });

  const client: DebugClient = {
    async request(command, given = {}) {
      const content = { type: "request", seq: seq++, command, arguments: given };
      const reply = await kernel.client.request("control", "debug_request", content, {
        timeout: patience,
        onBroadcast: () => undefined,
      });
      return reply.content as unknown as Response; // The tests check its fields.
    },
    async ask(command, given) {
      const response = await client.request(command, given);
      if (!response.success) throw new Error(`${command}: ${response.message ?? "failed"}`);
      return response.body;
    },
    async event(kind) {
      const end = performance.now() + patience;
      for (;;) {
        const index = events.findIndex(({ event }) => event === kind);
        const found = events[index];
        if (found !== undefined) {
          events = events.slice(index + 1);
          return found.body;
        }
        if (performance.now() > end) throw new Error(`no ${kind} in ${patience} ms`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, 1000);
        });
      }
    },
    pending: (kind) => events.filter(({ event }) => event === kind).length,
    async start(filters = []) {
      await client.ask("initialize", { clientID: "test", linesStartAt1: true });
      await client.ask("attach");
      await client.event("initialized");
      await client.ask("setExceptionBreakpoints", { filters });
      await client.ask("configurationDone");
    },
    async breakAt(code, ...lines) {
      const { sourcePath } = await client.ask("dumpCell", { code });
      const breakpoints = lines.map((line) => (typeof line === "number" ? { line } : line));
      const body = await client.ask("setBreakpoints", { source: { path: sourcePath }, breakpoints });
      return body["breakpoints"] as readonly Fields[];
    },
    async run(code) {
      return (await kernel.run(code)).reply;
    },
    async stopped() {
      await client.event("stopped");
      return (await client.ask("stackTrace", { threadId: 1 }))["stackFrames"] as readonly Frame[];
    },
    async line() {
      return (await client.stopped())[0]?.line;
    },
    async children(variablesReference) {
      return (await client.ask("variables", { variablesReference }))["variables"] as readonly Variable[];
    },
    async variables({ id }) {
      const { scopes } = await client.ask("scopes", { frameId: id });
      const found: Record<string, Readonly<Record<string, string>>> = {};
      for (const { name, variablesReference } of scopes as readonly Variable[]) {
        const shown = await client.children(variablesReference);
        found[name] = Object.fromEntries(shown.map((variable) => [variable.name, variable.value]));
      }
      return found;
    },
    close: stop,
  };
  return client;
}

/** One kernel for a file's tests, and a debugger's client for each test. */
export interface DebuggedKernel {
  readonly kernel: SpawnedKernel;
  readonly client: DebugClient;
}

export function debuggedKernel(): DebuggedKernel {
  let kernel: SpawnedKernel;
  let client: DebugClient;
  beforeAll(async () => {
    kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
  });
  afterAll(() => kernel.close());
  beforeEach(() => {
    client = debugClient(kernel);
  });
  afterEach(async () => {
    await client.request("disconnect");
    client.close();
  });
  return {
    get kernel() {
      return kernel;
    },
    get client() {
      return client;
    },
  };
}

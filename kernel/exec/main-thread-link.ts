import { Session } from "node:inspector";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { signalBlockingChild } from "./blocking-child.js";
import { createPipeReader, type PipeRecord } from "./pipe.js";
import { createSharedMemory, flags, kinds, type Bell, type Mail, type Order } from "./thread-messages.js";

/** How long streams gather before they are shown, in ms. */
const gathering = 5;
/** How long the thread may take to come back by itself, where it looks at the stop flag and where not, in ms. */
const graceWhenLooking = 250;
const grace = 25;
/** After how many commands to stop it must be waiting outside JavaScript, and when asking politely was in vain. */
const outsideAfter = 3;
const deafAfter = 8;

/** The protocol worker's hold on the main thread. */
export interface MainThreadLink {
  /** Has the thread load what cells need; the first order does so too. */
  prepare(): void;
  /** Whether anything was asked of the thread. */
  readonly awake: boolean;
  order(message: Order): void;
  /** Orders a run. @throws DataCloneError where the order is nested too deeply to be handed over */
  begin(run: number, message: Order): void;
  /** Asks and waits for the `pong`, however long. */
  ask(question: (id: number) => Order): Promise<void>;
  /** Wakes the thread that waits for it. */
  answer(mail: Mail): void;
  /** From now until it is lowered, long computations that look at it see that they should stop; a wait for an answer ends. */
  raiseStopFlag(): void;
  lowerStopFlag(): void;
  /** How large the thread's heap may grow, in bytes; 0 before it has said so. */
  heapLimit(): number;
  /** No cell has looked at the stop flag since. */
  resetLooking(): void;
  /**
   * Resolves when the thread is back in its event loop and will run what it is told next; ends the JavaScript that keeps
   * it, or the program it waits for. A thread that is still loading is left in peace.
   */
  free(): Promise<void>;
  /** Lets go of the thread, so that the process can end. */
  release(): void;
}

/**
 * @param heed told of every batch of records, in order
 * @param congestion what outputs have to wait for: the pipe fills up meanwhile and holds the thread up, but not one that
 * is to stop
 * @param wanted called before the first order
 */
export function linkMainThread(
  port: MessagePort,
  heed: (records: PipeRecord[]) => void,
  congestion: () => Promise<void> | undefined,
  wanted: () => void,
): MainThreadLink {
  const memory = createSharedMemory();
  const words = new Int32Array(memory.flags);
  const pipe = createPipeReader(memory.pipe);
  // Evaluating through this session would wait for the main thread; it serves for the one command that doesn't.
  const inspector = new Session();
  const mailbox = new MessageChannel();

  const pongs = new Map<number, () => void>();
  let pings = 0;
  let terminating = false;
  let gatherer: NodeJS.Timeout | undefined;
  /** The pipe will be looked into when the gatherer's time is over. */
  let gathered = false;
  let stopping = false;
  let held = false;
  let awake = false;
  /** The thread has loaded what it needs. */
  let ready = Promise.resolve();

  function order(message: Order): void {
    prepare();
    port.postMessage(message);
  }

  function begin(run: number, message: Order): void {
    // What a short cell shows needs no bell: this thread would wake up for it, and again for the cell's end.
    Atomics.store(words, flags.rung, 1);
    try {
      order(message);
      order({ type: "conclude", run });
    } finally {
      gather();
    }
  }

  function gather(): void {
    if (gathered) return;
    gathered = true;
    // One timer for all times: making and clearing one takes longer than handing a cell over.
    if (gatherer !== undefined) gatherer.refresh();
    else
      gatherer = setTimeout(() => {
        if (gathered) drain();
      }, gathering);
  }

  function prepare(): void {
    if (awake) return;
    awake = true;
    wanted();
    inspector.connectToMainThread();
    const share: Order = { type: "share", memory, answers: mailbox.port2 };
    port.postMessage(share, [mailbox.port2]);
    ready = ask((id) => ({ type: "ping", id }));
  }

  function drain(): void {
    gathered = false;
    const wait = stopping ? undefined : congestion();
    if (wait !== undefined) {
      if (!held) void wait.then(resume);
      held = true;
      return;
    }
    Atomics.store(words, flags.rung, 0);
    const records = pipe.drain();
    heed(records.filter(({ kind }) => kind !== kinds.pong));
    for (const { kind, owner } of records) if (kind === kinds.pong) pongs.get(owner)?.();
  }

  function resume(): void {
    held = false;
    drain();
  }

  function ask(question: (id: number) => Order): Promise<void> {
    const id = ++pings;
    return new Promise((resolve) => {
      pongs.set(id, () => {
        pongs.delete(id);
        resolve();
      });
      order(question(id));
    });
  }

  /** Whether a ping comes back within `ms`. */
  function answers(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms, false);
      void ask((id) => ({ type: "ping", id })).then(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  function terminate(): void {
    // V8 takes one such command at a time and answers it when something was ended.
    if (terminating) return;
    terminating = true;
    inspector.post("Runtime.terminateExecution", () => {
      terminating = false;
    });
  }

  function wake(): void {
    Atomics.add(words, flags.mail, 1);
    Atomics.notify(words, flags.mail);
  }

  port.on("message", (bell: Bell) => {
    if (bell === "urgent") drain();
    else gather();
  });

  return {
    prepare,
    get awake() {
      return awake;
    },
    order,
    begin,
    ask,
    answer(mail) {
      mailbox.port1.postMessage(mail);
      wake();
    },
    raiseStopFlag() {
      Atomics.store(words, flags.stop, 1);
      wake();
      stopping = true;
      drain();
    },
    lowerStopFlag() {
      Atomics.store(words, flags.stop, 0);
      stopping = false;
    },
    heapLimit: () => Atomics.load(words, flags.heapLimit) * 2 ** 20,
    resetLooking() {
      Atomics.store(words, flags.looked, 0);
    },
    async free() {
      if (!awake) return;
      await ready;
      let patience = Atomics.load(words, flags.looked) === 1 ? graceWhenLooking : grace;
      // A thread that became idle just before is told to end what runs next, which may be the ping: only a later one
      // that is answered shows that the command is used up.
      for (let tries = 1; !(await answers(patience)) || terminating; tries++) {
        terminate();
        if (tries === outsideAfter) signalBlockingChild("SIGINT");
        if (tries === deafAfter) signalBlockingChild("SIGKILL");
        patience = grace;
      }
    },
    release() {
      inspector.disconnect();
      mailbox.port1.close();
      Atomics.store(words, flags.leave, 1);
      Atomics.notify(words, flags.leave);
    },
  };
}

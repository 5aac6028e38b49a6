import type { LanesView } from "../../core/index.js";
import { describeOperation, effect, type Operation, type RegisterState } from "./history.js";

export type Verdict =
  | { readonly linearizable: true }
  /** `stuck`: the longest order that explains a beginning, and what then can't be explained. */
  | {
      readonly linearizable: false;
      readonly key: string;
      readonly explained: readonly Operation[];
      readonly stuck: readonly Operation[];
    };

/** A call's or an answer's place in the list of those that are left, in the order of time. */
interface Entry {
  readonly operation: Operation;
  readonly index: number;
  /** Of a call, its answer; undefined for an answer. */
  readonly answer: Entry | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;
}

/**
 * Whether some order of the operations, in which each takes effect at one moment between its call and its answer,
 * explains all answers (M. Herlihy and J. Wing, "Linearizability", ACM TOPLAS 12(3), 1990).
 *
 * The search is that of J. Wing and C. Gong (1993) with G. Lowe's memory of what was tried ("Testing for linearizability",
 * Concurrency and Computation 29(4), 2017), key by key, since a history is linearizable just where each object's is. So do
 * Knossos and Porcupine. Exponential in the worst case, in the number of calls that overlap.
 */
export function checkLinearizable(history: readonly Operation[]): Verdict {
  for (const key of new Set(history.map((operation) => operation.key))) {
    const wrong = checkKey(
      key,
      history.filter((operation) => operation.key === key),
    );
    if (wrong !== undefined) return wrong;
  }
  return { linearizable: true };
}

/** The calls and answers in the order of time, behind a head that is neither. At one time, calls come first: they overlap. */
function timeline(operations: readonly Operation[]): Entry {
  const entries: { readonly time: number; readonly order: number; readonly entry: Entry }[] = [];
  operations.forEach((operation, index) => {
    const answer: Entry = { operation, index, answer: undefined, previous: undefined, next: undefined };
    entries.push({ time: operation.called, order: 0, entry: { ...answer, answer } });
    entries.push({ time: operation.answered ?? Infinity, order: 1, entry: answer });
  });
  entries.sort((a, b) => (a.time === b.time ? a.order - b.order : a.time - b.time));
  const first = entries[0]?.entry;
  const head = {
    operation: first?.operation,
    index: -1,
    answer: undefined,
    previous: undefined,
    next: undefined,
  } as Entry;
  let last = head;
  for (const { entry } of entries) {
    last.next = entry;
    entry.previous = last;
    last = entry;
  }
  return head;
}

function unlink(entry: Entry): void {
  if (entry.previous !== undefined) entry.previous.next = entry.next;
  if (entry.next !== undefined) entry.next.previous = entry.previous;
}

/** Undoes `unlink`: in the opposite order, neighbours are again what they were. */
function relink(entry: Entry): void {
  if (entry.previous !== undefined) entry.previous.next = entry;
  if (entry.next !== undefined) entry.next.previous = entry;
}

function checkKey(key: string, operations: readonly Operation[]): Verdict | undefined {
  const head = timeline(operations);
  const tried = new Set<string>();
  const done: { readonly entry: Entry; readonly before: RegisterState }[] = [];
  let longest: readonly Operation[] = [];
  let state: RegisterState;
  let taken = 0n;
  let entry = head.next;
  while (head.next !== undefined) {
    if (entry?.answer !== undefined) {
      // A call: may it be the next one to take effect?
      const after = effect(state, entry.operation);
      const bits = taken | (1n << BigInt(entry.index));
      const mark =
        after === undefined ? "" : `${bits.toString(36)} ${after.state === undefined ? "" : `=${after.state}`}`;
      if (after !== undefined && !tried.has(mark)) {
        tried.add(mark);
        done.push({ entry, before: state });
        state = after.state;
        taken = bits;
        unlink(entry);
        unlink(entry.answer);
        entry = head.next;
      } else entry = entry.next;
      continue;
    }
    // Nothing else may come before this answer: what was put in order last must come later, or not so.
    if (done.length > longest.length) longest = done.map((one) => one.entry.operation);
    if (entry?.operation.answered === undefined && onlyUnknown(head)) return undefined;
    const last = done.pop();
    if (last === undefined)
      return { linearizable: false, key, explained: longest, stuck: stuckIn(operations, longest) };
    const { answer } = last.entry;
    if (answer !== undefined) relink(answer);
    relink(last.entry);
    state = last.before;
    taken &= ~(1n << BigInt(last.entry.index));
    entry = last.entry.next;
  }
  return undefined;
}

/** Whether all that is left never was answered: then it need not have happened. */
function onlyUnknown(head: Entry): boolean {
  for (let entry = head.next; entry !== undefined; entry = entry.next) {
    if (entry.operation.answered !== undefined) return false;
  }
  return true;
}

/** What was called before the first answer that the explained ones leave open. */
function stuckIn(operations: readonly Operation[], explained: readonly Operation[]): readonly Operation[] {
  const left = operations.filter((operation) => !explained.includes(operation) && operation.answered !== undefined);
  const first = Math.min(...left.map((operation) => operation.answered ?? Infinity));
  return left.filter((operation) => operation.called <= first);
}

/** A history as lanes, a client in each: what was called when and what it was answered. */
export function historyLanes(history: readonly Operation[], title: string, caption: string): LanesView {
  const clients = [...new Set(history.map(({ client }) => client))].sort((a, b) => a - b);
  const end = Math.max(0, ...history.map(({ called, answered }) => answered ?? called));
  const lanes = clients.map((client) => ({
    name: `client ${client}`,
    spans: history
      .filter((operation) => operation.client === client)
      .map((operation) => ({
        from: operation.called / 1e9,
        to: Math.max(operation.answered ?? end, operation.called + 1) / 1e9,
        label: describeOperation(operation),
        kind: operation.answered === undefined ? "never answered" : "answered",
        role: operation.answered === undefined ? ("fault" as const) : ("guest" as const),
      })),
  }));
  return { as: "lanes", title, caption, x: { label: "virtual time", unit: "s" }, lanes };
}

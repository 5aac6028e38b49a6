import type { Nanos } from "../../core/index.js";

/** What a client asked of one key. `replace` writes where the key holds `expected`, as a transaction of etcd's does. */
export type RegisterCall =
  | { readonly type: "read" }
  | { readonly type: "write"; readonly value: string }
  | { readonly type: "delete" }
  | { readonly type: "replace"; readonly expected: string; readonly value: string };

/** What a key holds: undefined where it doesn't exist. */
export type RegisterState = string | undefined;

/**
 * A call and its answer, at times of one clock that sees all clients. Where `answer` is missing, nobody knows whether the
 * call took effect: it may have at any time after it was made.
 */
export interface Operation {
  readonly client: number;
  readonly key: string;
  readonly call: RegisterCall;
  readonly called: Nanos;
  readonly answered: Nanos | undefined;
  /** Of a read, what was read; of a replacement, whether it was made. */
  readonly answer?: { readonly read?: RegisterState; readonly replaced?: boolean };
}

/** What a call does to a key that holds `state`; undefined where its answer can't be. */
export function effect(state: RegisterState, operation: Operation): { readonly state: RegisterState } | undefined {
  const { call, answer } = operation;
  switch (call.type) {
    case "read":
      return answer === undefined || answer.read === state ? { state } : undefined;
    case "write":
      return { state: call.value };
    case "delete":
      return { state: undefined };
    case "replace": {
      const replaced = state === call.expected;
      if (answer !== undefined && answer.replaced !== replaced) return undefined;
      return { state: replaced ? call.value : state };
    }
  }
}

/** An operation in words. */
export function describeOperation({ call, answer, key }: Operation): string {
  const result = answer === undefined ? "?" : (answer.read ?? (answer.replaced === undefined ? "ok" : answer.replaced));
  switch (call.type) {
    case "read":
      return `read ${key} → ${answer !== undefined && answer.read === undefined ? "nothing" : result}`;
    case "write":
      return `write ${key}=${call.value} → ${result}`;
    case "delete":
      return `delete ${key} → ${result}`;
    case "replace":
      return `replace ${key} ${call.expected} by ${call.value} → ${result}`;
  }
}

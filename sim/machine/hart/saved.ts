import { UsageError } from "../../core/index.js";
import { arenaFields, type PrivilegedState } from "./state.js";

/** The same with each bigint as the digits of its number, so that JSON keeps it. */
type Plain<T> = T extends bigint ? string : T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T;

/** A hart at rest. What a run can find again (translations of addresses and of code) is not in it. */
export interface HartSaved {
  readonly x: readonly string[];
  readonly f: readonly string[];
  readonly fflags: number;
  readonly frm: number;
  readonly pc: string;
  readonly cycles: number;
  readonly trapped: number;
  readonly state: Plain<Omit<PrivilegedState, "reservation">> & { readonly reservation: string | null };
  /** What an engine of its own kept of it: a VMM that the guest has made calls to. */
  readonly engine?: object;
}

/** The engine that goes on with a hart. @throws UsageError where the hart was executed by an engine that kept more of it */
export function engineFor<E extends { save?(): object | undefined }>(
  { engine: kept }: HartSaved,
  engine: E | string,
): E | undefined {
  const own = typeof engine === "string" ? undefined : engine;
  if (kept === undefined || own?.save !== undefined) return own;
  throw new UsageError(
    "the saved guest was ported to a VMM, and asks that for what is privileged",
    "Restore it into a virtual machine of the technique that it was saved under.",
  );
}

/** All fields, by name. */
const fieldsOf = (state: PrivilegedState): object => ({
  ...Object.fromEntries(arenaFields.map((name) => [name, state[name]])),
  ...Object.fromEntries(Object.entries(state)),
});

export function saveState(state: PrivilegedState): HartSaved["state"] {
  // A copy of plain data, whose shape the type above says.
  return JSON.parse(
    JSON.stringify({ ...fieldsOf(state), reservation: state.reservation ?? null }, (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    ),
  ) as HartSaved["state"];
}

/** Puts what was saved into a state of the same shape. @throws UsageError where the shapes differ */
export function restoreState(state: PrivilegedState, saved: HartSaved["state"]): void {
  const { reservation, ...rest } = saved;
  restore(state, fieldsOf(state), rest, "state");
  state.reservation = reservation === null ? undefined : BigInt(reservation);
}

/** @param present what `target` holds */
function restore(target: object, present: object, saved: object, path: string): void {
  const from = new Map<string, unknown>(Object.entries(saved));
  for (const [key, old] of Object.entries(present)) {
    if (key === "reservation") continue;
    const value = from.get(key);
    const isBigInt = typeof old === "bigint";
    if (typeof value !== (isBigInt ? "string" : typeof old)) {
      throw new UsageError(`${path}.${key} is missing in a saved hart`, "Restore what this version's save() gave.");
    }
    if (typeof old === "object" && old !== null && key !== "mode")
      restore(old as object, old as object, value as object, `${path}.${key}`);
    else Object.assign(target, { [key]: isBigInt ? BigInt(value as string) : value });
  }
}

import { type ErrnoName } from "../errno.js";

/** What a filter says of a call, seccomp(2). */
export type FilterAction =
  | {
      readonly action:
        "SCMP_ACT_ALLOW" | "SCMP_ACT_LOG" | "SCMP_ACT_KILL_PROCESS" | "SCMP_ACT_KILL_THREAD" | "SCMP_ACT_TRAP";
    }
  | { readonly action: "SCMP_ACT_ERRNO"; readonly errno: ErrnoName };

/** A condition on an argument, as OCI's runtime specification has it. */
interface ArgumentRule {
  readonly index: number;
  readonly op:
    | "SCMP_CMP_NE"
    | "SCMP_CMP_LT"
    | "SCMP_CMP_LE"
    | "SCMP_CMP_EQ"
    | "SCMP_CMP_GE"
    | "SCMP_CMP_GT"
    | "SCMP_CMP_MASKED_EQ";
  readonly value: number;
  /** For SCMP_CMP_MASKED_EQ: what the masked argument is to be. */
  readonly valueTwo?: number;
}

/**
 * A filter as data, in the form of an OCI configuration's `linux.seccomp` (Docker's profile, once its capabilities and
 * architectures are resolved). Linux takes programs of classic BPF, into which runtimes compile this.
 */
export interface Filter {
  readonly defaultAction: FilterAction;
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: FilterAction;
    /** All must hold. */
    readonly args?: readonly ArgumentRule[];
  }[];
}

/** Of several filters' answers the sternest counts, seccomp(2): kill before trap before errno before allow. */
const sternness: Record<FilterAction["action"], number> = {
  SCMP_ACT_KILL_PROCESS: 5,
  SCMP_ACT_KILL_THREAD: 5,
  SCMP_ACT_TRAP: 4,
  SCMP_ACT_ERRNO: 3,
  SCMP_ACT_LOG: 1,
  SCMP_ACT_ALLOW: 0,
};

type Rule = Filter["syscalls"][number];

/** A filter's rules by the calls that they name: containers of one profile share one filter, and ask it at each call. */
const compiled = new WeakMap<Filter, ReadonlyMap<string, readonly Rule[]>>();

function rulesOf(filter: Filter): ReadonlyMap<string, readonly Rule[]> {
  const known = compiled.get(filter);
  if (known !== undefined) return known;
  const rules = new Map<string, Rule[]>();
  for (const rule of filter.syscalls) {
    for (const name of rule.names) {
      const there = rules.get(name);
      if (there === undefined) rules.set(name, [rule]);
      else there.push(rule);
    }
  }
  compiled.set(filter, rules);
  return rules;
}

/** What a task's filters say of a call. Arguments that are no numbers are pointers to a filter: it can't look at them. */
export function judge(filters: readonly Filter[], name: string, args: readonly unknown[]): FilterAction {
  let verdict: FilterAction = { action: "SCMP_ACT_ALLOW" };
  for (const filter of filters) {
    const rule = rulesOf(filter)
      .get(name)
      ?.find((one) => one.args?.every((arg) => holds(arg, args[arg.index])) ?? true);
    const action = rule?.action ?? filter.defaultAction;
    if (sternness[action.action] > sternness[verdict.action]) verdict = action;
  }
  return verdict;
}

function holds({ op, value, valueTwo = 0 }: ArgumentRule, argument: unknown): boolean {
  const number = typeof argument === "number" ? argument : 0;
  switch (op) {
    case "SCMP_CMP_NE":
      return number !== value;
    case "SCMP_CMP_LT":
      return number < value;
    case "SCMP_CMP_LE":
      return number <= value;
    case "SCMP_CMP_EQ":
      return number === value;
    case "SCMP_CMP_GE":
      return number >= value;
    case "SCMP_CMP_GT":
      return number > value;
    case "SCMP_CMP_MASKED_EQ":
      return (number & value) >>> 0 === valueTwo;
  }
}

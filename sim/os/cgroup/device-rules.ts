/** What a rule says of devices; "a" stands for both kinds, a number that is left out for all. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type: "a" | "b" | "c";
  readonly major?: number;
  readonly minor?: number;
  /** Letters: r to read, w to write, m to make a node. */
  readonly access: string;
}

/** A device, and what somebody wants of it. */
export interface DeviceAccess {
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  readonly access: string;
}

const fits = (rule: DeviceRule, { type, major, minor }: DeviceAccess, letter: string): boolean =>
  (rule.type === "a" || rule.type === type) &&
  (rule.major === undefined || rule.major === major) &&
  (rule.minor === undefined || rule.minor === minor) &&
  rule.access.includes(letter);

/** Whether rules allow all that is wanted: for each letter the last that fits counts, and what none speaks of is refused. */
export const allows = (rules: readonly DeviceRule[], wanted: DeviceAccess): boolean =>
  Array.from(wanted.access).every((letter) => rules.findLast((rule) => fits(rule, wanted, letter))?.allow === true);

import { UsageError } from "../../sim/core/index.js";
import { checks, reinstall, type Finding } from "./doctor-checks.js";
import type { Arguments, CommandSpec } from "./arguments.js";
import { line, type Terminal } from "./terminal.js";

export const doctorSpec: CommandSpec = {
  name: "doctor",
  summary: "Check the whole chain, from Node to a running kernel, and say how to mend what is broken.",
  options: {},
};

const marks: Readonly<Record<Finding["state"], string>> = { ok: "ok  ", warn: "warn", fail: "FAIL" };

/** One line for a finding, and the step that mends it behind it. */
export function describeFinding(name: string, { state, found, mend }: Finding): string {
  return `${marks[state]}  ${name}: ${found}${mend === undefined ? "" : `. ${mend}`}`;
}

/** `virtlab doctor`: 0 when nothing failed, 1 otherwise. */
export async function doctor(_args: Arguments, { out, env }: Terminal): Promise<number> {
  let failed = 0;
  for (const { name, check } of checks) {
    let finding: Finding;
    try {
      finding = await check(env);
    } catch (error) {
      finding =
        error instanceof UsageError
          ? { state: "fail", found: error.message, mend: error.hint }
          : { state: "fail", found: String(error), mend: reinstall };
    }
    if (finding.state === "fail") failed += 1;
    line(out, describeFinding(name, finding));
  }
  line(out, failed === 0 ? "Everything that virtlab needs is here." : `${failed} of ${checks.length} checks failed.`);
  return failed === 0 ? 0 : 1;
}

import { UsageError } from "../../core/index.js";
import { E } from "../../os/index.js";
import type { SeccompSpec } from "../bundle/spec.js";

/**
 * A seccomp policy of version 2 as lxc.seccomp.profile names one: "2", "denylist" or "allowlist", then a call a line with what happens:
 * nothing (the list's own action), `errno N`, `kill`, `allow`. Sections of processors are passed over.
 * @throws UsageError for another version or action
 */
export function parsePolicy(text: string, file: string): SeccompSpec {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  const [version = "", kind = "", ...rest] = lines.filter((line) => line !== "");
  const denies = /^(denylist|blacklist)/.test(kind);
  if (version !== "2" || (!denies && !/^(allowlist|whitelist)/.test(kind)))
    throw new UsageError(
      `${file}: "${version}", "${kind}" begin no policy`,
      'Begin with the lines "2" and "denylist" or "allowlist".',
    );
  const syscalls = rest
    .filter((line) => !line.startsWith("[") && line !== "reject_force_umount")
    .map((line) => {
      const [name = "", action = denies ? "kill" : "allow", number] = line.split(/\s+/);
      const names = [name];
      if (action === "errno") return { names, action: "SCMP_ACT_ERRNO", errnoRet: Number(number ?? E.EPERM.number) };
      if (action === "kill") return { names, action: "SCMP_ACT_KILL_PROCESS" };
      if (action === "allow") return { names, action: "SCMP_ACT_ALLOW" };
      throw new UsageError(`${file}: ${line}`, "An action is errno NUMBER, kill or allow.");
    });
  return { defaultAction: denies ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO", syscalls };
}

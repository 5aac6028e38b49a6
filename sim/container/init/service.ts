import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_RDWR, type Sys } from "../../os/index.js";
import { execInPath, users } from "../../userland/index.js";
import { makeDirectories, writeText } from "../runtime/files.js";
import type { Command, ServiceSettings } from "./unit.js";

/** Exit codes of a service's process that never came to its program: systemd.exec(5), "Process Exit Codes". */
const exitCodes = { chdir: 200, exec: 203, user: 217 } as const;

const top = "/sys/fs/cgroup";
const pathOf = (name: string): string => `${top}/system.slice/${name}`;

/** Services' control groups, where init may make some: so that what a service has begotten is found again. */
export const serviceGroup = {
  /** Puts pid 1 into a group of its own: one that has groups below may hold no process itself, cgroups(7). */
  *init(sys: Sys): Activity<undefined> {
    yield* attempt(makeDirectories(sys, `${top}/init.scope`));
    yield* attempt(writeText(sys, `${top}/init.scope/cgroup.procs`, "0"));
    return undefined;
  },
  *join(sys: Sys, name: string): Activity<undefined> {
    yield* attempt(makeDirectories(sys, pathOf(name)));
    yield* attempt(writeText(sys, `${pathOf(name)}/cgroup.procs`, "0"));
    return undefined;
  },
  *kill(sys: Sys, name: string): Activity<undefined> {
    yield* attempt(writeText(sys, `${pathOf(name)}/cgroup.kill`, "1"));
    yield* attempt(sys.rmdir(pathOf(name)));
    return undefined;
  },
};

/** Starts a command of a service, in a session and a control group of its own. @returns its pid */
export function* spawn(sys: Sys, name: string, settings: ServiceSettings, { words }: Command): Activity<number> {
  return yield* sys.clone(function* (child) {
    yield* child.rt_sigprocmask("SIG_SETMASK", []);
    yield* child.setsid();
    yield* serviceGroup.join(child, name);
    const input = yield* attempt(child.open("/dev/null", O_RDWR));
    if (!(input instanceof Errno)) {
      yield* child.dup2(input, 0);
      if (input > 0) yield* child.close(input);
    }
    yield* child.close_range(3, 1 << 20);
    if ((yield* attempt(child.chdir(settings.directory))) instanceof Errno) return exitCodes.chdir;
    const user = (yield* users(child)).find((one) => one.name === settings.user || String(one.uid) === settings.user);
    if (user === undefined) return exitCodes.user;
    if (user.uid !== 0) {
      yield* child.setgroups([]);
      yield* child.setgid(user.gid);
      yield* child.setuid(user.uid);
    }
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";
    const env = [path, `HOME=${user.home}`, `USER=${user.name}`, ...settings.environment];
    yield* execInPath(child, words, env, name, (_, why) => `${name}: Failed to execute ${words[0] ?? ""}: ${why}`);
    return exitCodes.exec;
  });
}

import { UsageError, type Activity } from "../../core/index.js";
import {
  allCapabilities,
  attempt,
  capabilityNames,
  Errno,
  CapabilitySet,
  O_NOCTTY,
  O_RDWR,
  PR_CAP_AMBIENT,
  PR_CAPBSET_DROP,
  PR_SET_KEEPCAPS,
  PR_SET_NO_NEW_PRIVS,
  type Sys,
} from "../../os/index.js";
import { filterOf } from "../bundle/seccomp.js";
import type { CapabilitySpec, ProcessSpec, SeccompSpec } from "../bundle/spec.js";
import { listDirectory, writeText } from "./files.js";

type Capability = (typeof capabilityNames)[number];

const capabilityOf: ReadonlyMap<string, Capability> = new Map(capabilityNames.map((name) => [`CAP_${name}`, name]));

/** @throws UsageError for a name that is none */
function capabilitiesOf(names: readonly string[] = []): Capability[] {
  return names.map((name) => {
    const found = capabilityOf.get(name);
    if (found === undefined)
      throw new UsageError(`"${name}" is no capability`, 'Write it as in capabilities(7): "CAP_CHOWN".');
    return found;
  });
}

const setOf = (names: readonly string[] | undefined): CapabilitySet => CapabilitySet.of(...capabilitiesOf(names));

/** Closes what the runtime had open: the container gets its standard streams and nothing else. */
export function* closeOthers(sys: Sys, keep: ReadonlySet<number>): Activity<undefined> {
  const listed = yield* attempt(listDirectory(sys, "/proc/self/fd"));
  // Where there is no /proc, every number is tried.
  const { files } = yield* sys.prlimit64(0);
  const fds = listed instanceof Errno ? Array.from({ length: files }, (_, fd) => fd) : listed.map(Number);
  for (const fd of fds) if (fd > 2 && !keep.has(fd)) yield* attempt(sys.close(fd));
  return undefined;
}

/** Makes a terminal of the container's own the standard streams, and the controlling terminal. */
export function* useTerminal(sys: Sys, number: number): Activity<undefined> {
  yield* attempt(sys.setsid());
  const tty = yield* sys.open(`/dev/pts/${number}`, O_RDWR | O_NOCTTY);
  yield* sys.ioctl(tty, "TIOCSCTTY", 0);
  for (const fd of [0, 1, 2]) yield* sys.dup2(tty, fd);
  if (tty > 2) yield* sys.close(tty);
  return undefined;
}

/** A program's path: one without a slash is looked for along PATH. @throws ENOENT, EACCES */
function* findProgram(sys: Sys, name: string, env: readonly string[]): Activity<string> {
  if (name.includes("/")) return name;
  const path = env.find((one) => one.startsWith("PATH="))?.slice("PATH=".length) ?? "/usr/bin:/bin";
  let failure: Errno | undefined;
  for (const directory of path.split(":")) {
    const candidate = `${directory === "" ? "." : directory}/${name}`;
    const found = yield* attempt(sys.access(candidate, 1));
    if (!(found instanceof Errno)) return candidate;
    if (failure === undefined || found.code === "EACCES") failure = found;
  }
  throw new UsageError(
    `exec: "${name}": executable file not found in $PATH`,
    failure?.code === "EACCES" ? "Make the file executable." : "Write its path, or install it in the image.",
  );
}

/**
 * Becomes what a configuration says, in the order in which each step still may be done: limits, the bounding set, the user,
 * the other sets, then the filter, or the filter first where no_new_privs isn't set and the right to set one goes.
 */
function* become(sys: Sys, process: ProcessSpec, seccomp: SeccompSpec | undefined): Activity<undefined> {
  const { user, capabilities, noNewPrivileges = false } = process;
  const filter = seccomp === undefined ? undefined : filterOf(seccomp);
  if (noNewPrivileges) yield* sys.prctl(PR_SET_NO_NEW_PRIVS, 1);
  else if (filter !== undefined) yield* sys.seccomp(filter);
  if (capabilities !== undefined) yield* boundBy(sys, capabilities);
  yield* sys.prctl(PR_SET_KEEPCAPS, 1);
  const groups = yield* attempt(sys.setgroups(user.additionalGids ?? []));
  // A user namespace may forbid it, user_namespaces(7): then there is nothing to drop either.
  if (groups instanceof Errno && (user.additionalGids ?? []).length > 0) throw groups;
  yield* sys.setgid(user.gid);
  yield* sys.setuid(user.uid);
  yield* sys.prctl(PR_SET_KEEPCAPS, 0);
  if (capabilities !== undefined) yield* takeOnly(sys, capabilities);
  if (noNewPrivileges && filter !== undefined) yield* sys.seccomp(filter);
  if (user.umask !== undefined) yield* sys.umask(user.umask);
  return undefined;
}

function* boundBy(sys: Sys, { bounding }: CapabilitySpec): Activity<undefined> {
  const kept = setOf(bounding);
  for (const name of capabilityNames) if (!kept.has(name)) yield* sys.prctl(PR_CAPBSET_DROP, name);
  return undefined;
}

function* takeOnly(sys: Sys, { permitted, effective, inheritable, ambient }: CapabilitySpec): Activity<undefined> {
  const now = yield* sys.capget();
  const may = now.permitted.and(setOf(permitted));
  yield* sys.capset({
    permitted: may,
    effective: setOf(effective).and(may),
    inheritable: setOf(inheritable).and(allCapabilities),
  });
  for (const name of capabilitiesOf(ambient)) yield* sys.prctl(PR_CAP_AMBIENT, "PR_CAP_AMBIENT_RAISE", name);
  return undefined;
}

/**
 * The last steps of a container's process, in its namespaces and with its root: limits, directory, user, capabilities,
 * filter, program. `ready` is called when only execve(2) is left.
 * @throws UsageError, Errno where a step fails
 */
export function* runProcess(
  sys: Sys,
  process: ProcessSpec,
  seccomp: SeccompSpec | undefined,
  ready: () => Activity<undefined>,
): Activity<never> {
  const { args, env, cwd, oomScoreAdj, rlimits = [] } = process;
  if (oomScoreAdj !== undefined) yield* writeText(sys, "/proc/self/oom_score_adj", String(oomScoreAdj));
  for (const { type, soft } of rlimits) if (type === "RLIMIT_NOFILE") yield* sys.prlimit64(0, { files: soft });
  const entered = yield* attempt(sys.chdir(cwd));
  if (entered instanceof Errno)
    throw new UsageError(
      `chdir to cwd ("${cwd}"): ${entered.message}`,
      "Make the directory in the image, or choose another.",
    );
  yield* become(sys, process, seccomp);
  const program = yield* findProgram(sys, args[0] ?? "", env);
  const runs = yield* attempt(sys.access(program, 1));
  if (runs instanceof Errno)
    throw new UsageError(`exec: "${args[0] ?? ""}": ${runs.message}`, "Look at the path and the file's mode.");
  yield* ready();
  return yield* sys.execve(program, args, env);
}

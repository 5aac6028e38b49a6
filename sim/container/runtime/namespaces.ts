import { type Activity } from "../../core/index.js";
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  CLONE_PARENT,
  type ChildBody,
  type Sys,
} from "../../os/index.js";
import type { IdMapping, LinuxSpec, NamespaceType } from "../bundle/spec.js";
import { writeText } from "./files.js";

/** Each kind's flag and its file below /proc/PID/ns, in the order in which they are entered: what gives rights away last. */
export const namespaceFiles: readonly (readonly [NamespaceType, number, string])[] = [
  ["ipc", CLONE_NEWIPC, "ipc"],
  ["uts", CLONE_NEWUTS, "uts"],
  ["network", CLONE_NEWNET, "net"],
  ["pid", CLONE_NEWPID, "pid"],
  ["cgroup", CLONE_NEWCGROUP, "cgroup"],
  ["time", CLONE_NEWTIME, "time"],
  ["mount", CLONE_NEWNS, "mnt"],
  ["user", CLONE_NEWUSER, "user"],
];

const flagOf: ReadonlyMap<NamespaceType, number> = new Map(namespaceFiles.map(([type, flag]) => [type, flag]));

/** What clone(2) makes anew. A cgroup namespace is made later: its root is the group that the process is in by then. */
export function newNamespaces({ namespaces }: LinuxSpec): number {
  let flags = 0;
  for (const { type, path } of namespaces) if (type !== "cgroup" && path === undefined) flags |= flagOf.get(type) ?? 0;
  return flags;
}

/** What is entered: paths of namespaces, in order. */
export const entered = ({ namespaces }: LinuxSpec): string[] =>
  namespaces.every(({ path }) => path === undefined)
    ? []
    : namespaceFiles.flatMap(([type]) => namespaces.find((one) => one.type === type)?.path ?? []);

/** uid_map's and gid_map's lines, user_namespaces(7). */
const mapText = (mappings: readonly IdMapping[]): string =>
  mappings.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join("");

export function* mapIds(sys: Sys, pid: number, { uidMappings = [], gidMappings = [] }: LinuxSpec): Activity<undefined> {
  if (gidMappings.length > 0) yield* writeText(sys, `/proc/${pid}/gid_map`, mapText(gidMappings));
  if (uidMappings.length > 0) yield* writeText(sys, `/proc/${pid}/uid_map`, mapText(uidMappings));
  return undefined;
}

/**
 * Starts a child in existing namespaces and new ones. Who enters a pid namespace isn't in it, its children are: so another
 * child goes in between, and the one asked for becomes its sibling (CLONE_PARENT).
 * @param paths of namespaces to enter, already resolved by the caller's view
 * @returns its pid, as the caller sees it
 */
export function* launch(sys: Sys, paths: readonly string[], flags: number, body: ChildBody): Activity<number> {
  if (paths.length === 0) return yield* sys.clone(body, { flags });
  const outcome: { pid?: number; error?: unknown } = {};
  const between = yield* sys.clone(function* (child) {
    try {
      const fds: number[] = [];
      for (const path of paths) fds.push(yield* child.open(path));
      for (const fd of fds) {
        yield* child.setns(fd);
        yield* child.close(fd);
      }
      outcome.pid = yield* child.clone(body, { flags: flags | CLONE_PARENT });
    } catch (error) {
      outcome.error = error;
    }
  });
  yield* sys.wait4(between);
  if (outcome.pid === undefined) throw outcome.error;
  return outcome.pid;
}

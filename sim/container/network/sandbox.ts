import type { Activity } from "../../core/index.js";
import { attempt, CLONE_NEWNET, netlink, O_CLOEXEC, O_RDONLY, type NetlinkRequest, type Sys } from "../../os/index.js";
import { closeOthers } from "../runtime/process.js";

/**
 * Does something in the network namespace of a task, as the same task: setns(2) there and back. What was opened meanwhile stays
 * of that namespace.
 */
export function* inNamespace<T>(sys: Sys, pid: number, body: () => Activity<T>): Activity<T> {
  const home = yield* sys.open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  const there = yield* sys.open(`/proc/${pid}/ns/net`, O_RDONLY | O_CLOEXEC);
  yield* sys.setns(there, CLONE_NEWNET);
  try {
    return yield* body();
  } finally {
    yield* sys.setns(home, CLONE_NEWNET);
    yield* sys.close(there);
    yield* sys.close(home);
  }
}

export function* ask(sys: Sys, ...requests: readonly NetlinkRequest[]): Activity<undefined> {
  for (const request of requests) yield* netlink(sys, request);
  return undefined;
}

/** Random hexadecimal digits, by getrandom(2). */
export function* randomHex(sys: Sys, digits: number): Activity<string> {
  const bytes = yield* sys.getrandom(Math.ceil(digits / 2));
  return [...bytes]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, digits);
}

/** What a child that serves for long doesn't need: its creator's files, the standard streams among them. */
export function* closeAllBut(sys: Sys, kept: number): Activity<undefined> {
  yield* closeOthers(sys, new Set([kept]));
  for (const fd of [0, 1, 2]) if (fd !== kept) yield* attempt(sys.close(fd));
  return undefined;
}

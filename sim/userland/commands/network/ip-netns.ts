import type { Activity } from "../../../core/index.js";
import {
  attempt,
  CLONE_NEWNET,
  CLONE_NEWNS,
  Errno,
  MNT_DETACH,
  MS_BIND,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  type Sys,
} from "../../../os/index.js";
import type { Invocation } from "../../program/command.js";
import { execInPath } from "../execution.js";
import { IpError, namespaces, netnsDirectory, openNamespace, type Words } from "./ip-text.js";

/** The directory is a shared mount, so that other mount namespaces see what is mounted there later. */
function* prepare(sys: Sys): Activity<undefined> {
  yield* attempt(sys.mkdir(netnsDirectory, 0o755));
  if (!((yield* attempt(sys.mount("", netnsDirectory, undefined, MS_SHARED | MS_REC))) instanceof Errno))
    return undefined;
  yield* sys.mount(netnsDirectory, netnsDirectory, undefined, MS_BIND | MS_REC);
  yield* sys.mount("", netnsDirectory, undefined, MS_SHARED | MS_REC);
  return undefined;
}

/** A namespace gets a name by its file being bound to one: ip-netns(8). `target` is whose it is; a new one where absent. */
function* add(it: Invocation, name: string, target = "self"): Activity<undefined> {
  yield* prepare(it.sys);
  const path = `${netnsDirectory}/${name}`;
  const fd = yield* attempt(it.sys.open(path, O_RDONLY | O_CREAT | O_EXCL, 0o000));
  if (fd instanceof Errno) throw new IpError(`Cannot create namespace file "${path}": ${fd.message}`);
  yield* it.sys.close(fd);
  const refused = yield* attempt(
    (function* () {
      if (target === "self") yield* it.sys.unshare(CLONE_NEWNET);
      yield* it.sys.mount(`/proc/${target}/ns/net`, path, undefined, MS_BIND);
    })(),
  );
  if (!(refused instanceof Errno)) return undefined;
  yield* it.sys.unlink(path);
  throw new IpError(`Failed to create a new network namespace "${name}": ${refused.message}`, 255);
}

function* remove(it: Invocation, name: string): Activity<undefined> {
  const path = `${netnsDirectory}/${name}`;
  yield* attempt(it.sys.umount2(path, MNT_DETACH));
  const failure = yield* attempt(it.sys.unlink(path));
  if (failure instanceof Errno) throw new IpError(`Cannot remove namespace file "${path}": ${failure.message}`);
  return undefined;
}

/** Enters a named namespace; with its own /sys, which shows its interfaces. */
function* enterNamespace(it: Invocation, name: string): Activity<undefined> {
  const fd = yield* openNamespace(it, name);
  yield* it.sys.setns(fd, CLONE_NEWNET);
  yield* it.sys.close(fd);
  yield* it.sys.unshare(CLONE_NEWNS);
  yield* attempt(it.sys.mount("", "/", undefined, MS_SLAVE | MS_REC));
  yield* attempt(it.sys.umount2("/sys", MNT_DETACH));
  yield* attempt(it.sys.mount(name, "/sys", "sysfs", 0));
  return undefined;
}

/** Tasks that are in a namespace, by the inodes of their files in /proc. */
function* pids(it: Invocation, name: string): Activity<undefined> {
  const fd = yield* openNamespace(it, name);
  const { ino } = yield* it.sys.fstat(fd);
  yield* it.sys.close(fd);
  const proc = yield* it.sys.open("/proc", O_RDONLY);
  for (const { name: pid } of yield* it.sys.getdents64(proc)) {
    if (!/^\d+$/.test(pid)) continue;
    const about = yield* attempt(it.sys.stat(`/proc/${pid}/ns/net`));
    if (!(about instanceof Errno) && about.ino === ino) it.out.put(`${pid}\n`);
  }
  return undefined;
}

/** `ip netns`. @returns an exit status where a command was run */
export function* ipNetns(it: Invocation, words: Words): Activity<number | undefined> {
  switch (words.command(["list", "show", "add", "attach", "delete", "exec", "pids", "identify"], "list", "netns")) {
    case "list":
    case "show":
      for (const name of (yield* namespaces(it)).toReversed()) it.out.put(`${name}\n`);
      return undefined;
    case "add":
      return yield* add(it, words.next());
    case "attach":
      return yield* add(it, words.next(), words.next());
    case "delete":
      return yield* remove(it, words.next());
    case "pids":
      return yield* pids(it, words.next());
    case "identify": {
      const pid = words.done ? "self" : words.next();
      const { ino } = yield* it.sys.stat(`/proc/${pid}/ns/net`);
      for (const name of yield* namespaces(it)) {
        const about = yield* attempt(it.sys.stat(`${netnsDirectory}/${name}`));
        if (!(about instanceof Errno) && about.ino === ino) it.out.put(`${name}\n`);
      }
      return undefined;
    }
    case "exec": {
      const name = words.next();
      if (words.done) throw new IpError("No command specified", 255);
      yield* enterNamespace(it, name);
      yield* execInPath(it.sys, words.rest, it.env, "ip", (command, why) => `exec of "${command}" failed: ${why}`);
      return 1;
    }
  }
}

import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_RDONLY, type Sys } from "../../os/index.js";
import { decode } from "./encoding.js";
import { readAll } from "./streams.js";

/** A line of /etc/passwd. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** A line of /etc/group. */
export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function* fields(sys: Sys, path: string): Activity<string[][]> {
  const fd = yield* attempt(sys.open(path, O_RDONLY));
  if (fd instanceof Errno) return [];
  const text = decode(yield* readAll(sys, fd));
  yield* sys.close(fd);
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}

export function* users(sys: Sys): Activity<readonly User[]> {
  return (yield* fields(sys, "/etc/passwd")).map(
    ([name = "", , uid = "", gid = "", , home = "/", shell = "/bin/sh"]) => ({
      name,
      uid: Number(uid),
      gid: Number(gid),
      home,
      shell,
    }),
  );
}

export function* groups(sys: Sys): Activity<readonly Group[]> {
  return (yield* fields(sys, "/etc/group")).map(([name = "", , gid = "", members = ""]) => ({
    name,
    gid: Number(gid),
    members: members.split(",").filter((one) => one !== ""),
  }));
}

/** OWNER, OWNER:GROUP, OWNER:, :GROUP, by name or number. @returns undefined ids where they aren't given; a text: what is wrong */
export function* parseOwner(
  sys: Sys,
  text: string,
): Activity<{ readonly uid: number | undefined; readonly gid: number | undefined } | string> {
  const colon = text.search(/[:.]/);
  const owner = colon < 0 ? text : text.slice(0, colon);
  const group = colon < 0 ? undefined : text.slice(colon + 1);
  const all = yield* users(sys);
  const user = all.find(({ name }) => name === owner);
  const uid = owner === "" ? undefined : (user?.uid ?? (/^\d+$/.test(owner) ? Number(owner) : NaN));
  if (Number.isNaN(uid)) return `invalid user: '${text}'`;
  let gid: number | undefined;
  if (group === "") gid = user?.gid;
  else if (group !== undefined) {
    gid = (yield* groups(sys)).find(({ name }) => name === group)?.gid ?? (/^\d+$/.test(group) ? Number(group) : NaN);
    if (Number.isNaN(gid)) return `invalid group: '${text}'`;
  }
  return { uid, gid };
}

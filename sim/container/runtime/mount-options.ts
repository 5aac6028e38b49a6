import {
  MS_BIND,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../../os/index.js";

/** What a mount's options mean: config.md, "Linux mount options". */
export interface MountOptions {
  /** MS_RDONLY and the like, MS_BIND, MS_REC. */
  readonly flags: number;
  /** Changes of propagation, each a call of its own. */
  readonly propagation: readonly number[];
  /** What is left for the file system. */
  readonly data: string;
}

const setting: Readonly<Record<string, number>> = {
  ro: MS_RDONLY,
  nosuid: MS_NOSUID,
  nodev: MS_NODEV,
  noexec: MS_NOEXEC,
  bind: MS_BIND,
  rbind: MS_BIND | MS_REC,
};
const clearing: Readonly<Record<string, number>> = {
  rw: MS_RDONLY,
  suid: MS_NOSUID,
  dev: MS_NODEV,
  exec: MS_NOEXEC,
};
/** The kinds of propagation, by the words of options and of rootfsPropagation. */
export const propagations: Readonly<Record<string, number>> = {
  private: MS_PRIVATE,
  shared: MS_SHARED,
  slave: MS_SLAVE,
  unbindable: MS_UNBINDABLE,
  rprivate: MS_PRIVATE | MS_REC,
  rshared: MS_SHARED | MS_REC,
  rslave: MS_SLAVE | MS_REC,
  runbindable: MS_UNBINDABLE | MS_REC,
};
/** Options that say how access times are kept, of which the simulated kernel has one way. */
const ignored = new Set(
  "defaults async sync atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime lazytime".split(
    " ",
  ),
);

export function parseMountOptions(options: readonly string[]): MountOptions {
  let flags = 0;
  const propagation: number[] = [];
  const data: string[] = [];
  for (const option of options) {
    const [set, clear, kind] = [setting[option], clearing[option], propagations[option]];
    if (set !== undefined) flags |= set;
    else if (clear !== undefined) flags &= ~clear;
    else if (kind !== undefined) propagation.push(kind);
    else if (!ignored.has(option)) data.push(option);
  }
  return { flags, propagation, data: data.join(",") };
}

import { rulesets } from "./devfs-rules.js";
import { fail } from "./errno.js";
import type { Prison } from "./prison.js";
import { Vnode, type Device } from "./vnode.js";

/** A mounted file system: its root covers a directory. */
export interface Mount {
  readonly type: string;
  readonly from: string;
  /** Where, from the host's root. */
  readonly on: string;
  readonly covered: Vnode;
  readonly root: Vnode;
  /** Whose process mounted it: another prison's can't be taken away. */
  readonly prison: Prison;
}

/** Makes devfs's root: a node for each device that the ruleset shows. */
export function devfs(devices: readonly Device[], ruleset: number): Vnode {
  const shows = rulesets[ruleset] ?? fail("EINVAL", `devfs_ruleset ${ruleset} is not defined`);
  const root = new Vnode("directory", 0o555);
  for (const device of devices.filter(shows)) {
    const node = new Vnode("device", device.disk ? 0o640 : 0o666);
    node.device = device;
    root.add(device.name, node);
  }
  return root;
}

/** Permissions of jails for file systems that a jail may be allowed to mount (VFCF_JAIL). */
export const jailFriendly: Readonly<Record<string, string>> = {
  devfs: "allow.mount.devfs",
  nullfs: "allow.mount.nullfs",
  procfs: "allow.mount.procfs",
  tmpfs: "allow.mount.tmpfs",
};

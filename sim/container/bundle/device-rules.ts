import type { DeviceCgroupSpec } from "./spec.js";

const character = (major: number, minor: number | undefined, access = "rwm"): DeviceCgroupSpec => ({
  ...{ allow: true, type: "c", major, access },
  ...(minor !== undefined && { minor }),
});

export const noDevices: DeviceCgroupSpec = { allow: false, access: "rwm" };

/** null, zero, full, random, urandom: what systemd calls pseudo devices, systemd.resource-control(5), DevicePolicy=closed. */
const pseudoDevices: readonly DeviceCgroupSpec[] = [3, 5, 7, 8, 9].map((minor) => character(1, minor));

/** tty, console; ptmx and the terminals of devpts. */
const terminals: readonly DeviceCgroupSpec[] = [
  character(5, 0),
  character(5, 1),
  character(5, 2),
  character(136, undefined),
];

/** Nodes may be made of all devices: only to open one counts. */
const anyNode: readonly DeviceCgroupSpec[] = [
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
];

/**
 * What runc allows whatever a configuration says (specconv.AllowedDevices), and console, which Docker's own rules add; LXC's common.conf has the
 * same (but for fuse).
 */
export const usualDevices: readonly DeviceCgroupSpec[] = [...anyNode, ...pseudoDevices, ...terminals];

/**
 * systemd-nspawn's, the closed policy with terminals (nspawn-register.c), and libvirt's (lxc_cgroup.c): nodes of other devices can't even be
 * made.
 */
export const closedDevices: readonly DeviceCgroupSpec[] = [noDevices, ...pseudoDevices, ...terminals];

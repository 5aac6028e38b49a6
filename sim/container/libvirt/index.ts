/**
 * libvirt: libvirt's LXC driver, which has nothing of LXC's: domains of type "lxc" straight over namespaces, a directory for a root. There
 * is no image and no union mount. (sim/libvirt will have what all drivers share, and take this one and the virtual machines' by their doors.)
 *
 * Glossary
 *   domain      what libvirt calls a machine or container: defined by XML, running or not
 *   controller  libvirt_lxc, the process that a domain's first one has as its parent
 *
 * xml          elements and attributes, read strictly and written
 * domain       a domain's XML: checked, and as OCI's spec for the runtime's parts
 * driver       define, start, destroy …; virsh: the command
 *
 * Absent: consoles, networks of type "network" (give a bridge), block devices as file systems, sharing the host's root, snapshots,
 * AppArmor and SELinux labels.
 */
export { installLibvirt } from "./virsh.js";
export { parseDomain } from "./domain.js";

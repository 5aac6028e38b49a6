/**
 * nspawn: systemd-nspawn and machinectl: a directory tree that is booted, or a command run in one, "chroot on steroids".
 *
 * Glossary
 *   tree       a directory with an operating system in it: it has to have an os-release
 *   machine    a tree that runs, under a name; its *leader* is its first process, as the host sees it
 *   registry   /run/systemd/machines/NAME, where machined keeps what is known of each: a file for people, one for machinectl
 *   ephemeral  booted over an overlay that goes with the machine (systemd takes a snapshot of btrfs, or copies)
 *   shift      with -U the tree's users are others on the host: its files are given to them before it boots
 *
 * settings     the command line; translation: as OCI's spec, for the runtime's parts
 * machine      starts a machine and stays with it; registry: who runs
 * commands     systemd-nspawn, machinectl; installation: the package
 *
 * Absent: images in files (-i), networkd (a veth's ends have the addresses that they are given), terminals of their own, machinectl login,
 * units of the host for machines, nspawn's own list of system calls: what loads kernels and modules is refused.
 */
export { installNspawn } from "./installation.js";

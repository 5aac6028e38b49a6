/**
 * lxc: system containers as LXC 5 has them. A container is a directory /var/lib/lxc/NAME with a configuration and a root file system; it boots
 * an init, and everything is done by system calls that any task with the rights can make.
 *
 * Glossary
 *   configuration  lines KEY = VALUE, lxc.container.conf(5); keys that begin alike belong together, some are lists
 *   template       a way to fill a root file system: here `download`, which makes one that boots, and `none`
 *   monitor        the process that a container's first one has as its parent: it holds the command socket, and cleans up
 *   command socket where the other commands ask the monitor: /var/lib/lxc/NAME/command, abstract, so that one without a monitor refuses
 *   payload        what runs in the container: its control group is lxc.payload.NAME
 *
 * configuration  reads and checks configurations; translation: one as OCI's spec, for the runtime's parts
 * network        what of lxc.net.* is done from outside; seccomp: policies of version 2
 * monitor        starts a payload and stays with it; client: what is asked of it
 * template       lxc-create; copying: lxc-copy and lxc-snapshot
 * commands       the commands' command lines (listing: lxc-ls, lxc-info); installation: the package's files and its bridge
 *
 * Absent: AppArmor and SELinux (the simulated kernel has neither: their keys are refused with the mend), consoles and terminals of their own
 * (lxc-console), hooks, lxc-usernsexec and what unprivileged users start, checkpoints, DHCP on lxcbr0:
 * addresses are given by lxc.net.N.ipv4.address.
 */
export { parseConfiguration } from "./configuration.js";
export { specOfConfiguration } from "./translation.js";
export { installLxc } from "./installation.js";

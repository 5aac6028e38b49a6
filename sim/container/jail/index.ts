/**
 * jail: FreeBSD's jails, in a small FreeBSD: a kernel with a table of system calls and objects of its own. Nothing of it is the
 * simulated Linux; there are no namespaces. What a process may reach follows from its credentials' prison, which the kernel asks wherever
 * something is looked up, made or permitted.
 *
 * Glossary
 *   vnode        a file of the kernel; ufs holds plain ones, devfs shows devices by a *ruleset*
 *   credentials  who a process is: ids, and the *prison* it is in; prison 0 is the host
 *   prison       what a jail is in the kernel: a root directory, addresses, a host name, permissions (allow.*), children
 *   privilege    one of the rights of uid 0, each with a name (priv(9)); a prison grants a list of them
 *   rdir, jdir   a process's root, and the first root that it was ever given: ".." stops at both, and at its prisons' roots
 *   securelevel  how far even uid 0 is bound, security(7); a jail's is at least its parent's
 *
 * errno        FreeBSD's, with its numbers
 * vnode        files and devices; namei: how a path becomes one; mount: mounts; devfs-rules: which devices are shown
 * privileges   what a prison grants: prison_priv_check
 * prison       prisons: creation, change, removal, and the questions that the kernel asks (prison_check, prison_local_ip4)
 * network      interfaces' addresses and sockets: one stack for all
 * process      processes and credentials; calls, ipc-calls, jail-calls: the handlers; table: their numbers, the way of a call
 * kernel       all of it, booted
 * jail-conf    jail.conf(5); programs: jail(8), jls(8), jexec(8), ps(1)
 * escape       what root tries to get out, under chroot(2) and in a jail
 *
 * Simplified: a program runs to its end within the fork(2) that made it, or *stays*: then it waits in its main loop for a signal. No time
 * passes, and signals have their default actions. IPv4 only. vnet is absent: jails share the host's stack and see their addresses of
 * it. Absent, too: MAC, capsicum, ZFS, resource limits but rctl's maxproc.
 *
 * Sources: jail(2), jail(8), jail.conf(5), jls(8), jexec(8), priv(9), chroot(2), devfs(8); sys/kern/kern_jail.c, vfs_lookup.c.
 */
export { BsdError } from "./errno.js";
export { FreeBsdKernel, type FreeBsdOptions } from "./kernel.js";
export { freeBsdCallTable, type FreeBsdSys } from "./table.js";
export { parseJailConf } from "./jail-conf.js";
export { escapeAttempts, tryEscape, type EscapeTarget } from "./escape.js";

/**
 * fvm: Feather-weight Virtual Machines (Yu, Guo, Nanda, Lam, Chiueh, VEE 2006) over a small kernel like Windows'. There are no new objects: a
 * virtual machine is what the names of its processes are made to mean, between the system calls and the object manager.
 *
 * Glossary
 *   object namespace  the tree in which all objects have names: \Device, \BaseNamedObjects, \Registry, \??\C:
 *   workspace         where a VM's own versions are: C:\fvms\NAME, \Registry\fvms\NAME, \BaseNamedObjects\fvms\NAME
 *   renaming          a name that a VM's process uses becomes one in its workspace
 *   copy on write     a file or key is the host's until it is opened for writing; then a copy is made in the workspace
 *   deletion log      names that a VM has deleted: they hide the host's
 *   commit            what a VM has changed becomes the host's
 *
 * object       the namespace's objects; object-manager: how names are found, made, deleted
 * kernel       processes and the table of system calls (Nt…), with interposers before it
 * layer        FVM: the interposer; policy: which calls it renames, and which it refuses
 *
 * Simplified: files hold text and are read whole, windows and daemons are names with an owner, addresses are bound and not routed; calls
 * take no time. Absent: access control lists, handles' rights beside read and write, COM, undoing a commit.
 */
export { NtError } from "./object.js";
export { NtKernel, type NtSys } from "./kernel.js";
export { Fvm } from "./layer.js";

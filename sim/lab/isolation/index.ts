/**
 * isolation: the same application in everything that calls itself a container, and what it reaches from there.
 *
 * facts              what a probe finds, and how a verdict is worked out of it and of what the host saw
 * linux-probe        the application by Linux's system calls; linux-subjects: run in each thing of Linux, on a host of its own
 * freebsd-subjects   the same by FreeBSD's calls, in a jail; fvm-subjects: by NT's, in a VM of FVM
 * table              the table
 */
export { isolation, type Isolation } from "./table.js";

/**
 * A mistake that a simulated kernel may be given, each modelled on one of Linux's:
 * "waitid-unchecked"  waitid(2) writes its answer wherever it is told to, the kernel's own memory too, since access_ok() isn't asked: Linux
 *                     4.13, CVE-2017-5123. Docker's seccomp profile lets the call pass.
 */
export type KernelFlaw = "waitid-unchecked";

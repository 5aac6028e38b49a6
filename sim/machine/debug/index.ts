/**
 * Debugging from outside: GDB's remote protocol, as bytes in and bytes out.
 *
 * Glossary
 *   target  what is debugged, by registers, memory, run and step; the machine is one, through `machineTarget`
 *   stub    the protocol's end for one connection
 *   packet  $data#checksum, as the protocol carries it
 *
 * target        what a stub needs of what it debugs
 * packet, hexadecimal   how things are written on the wire
 * registers     gdb's numbers of RISC-V registers, and the description that tells it which there are
 * stub          packets and their answers
 * monitor       commands of the target's own
 * machine-target, translation  a machine as a target, and its memory by virtual address
 *
 * Source: Debugging with GDB, appendices "GDB Remote Serial Protocol" and "Target Descriptions".
 */
export { machineTarget } from "./machine-target.js";
export { GdbStub } from "./stub.js";
export type { DebugTarget } from "./target.js";

/**
 * debug: a debugger for cells. It speaks the Debug Adapter Protocol with Jupyter's additions, and V8's inspector protocol
 * with the main thread, from the protocol worker. Nothing of it is loaded before the first debug_request.
 *
 *   debug_request ──▶ debugger ──▶ commands ──▶ breakpoints, stepping, frames, variables, evaluation ──▶ inspector
 *   debug_event   ◀── attachment ◀───────────── stepping ◀─────────────── Debugger.paused ◀──────────── main thread
 *
 * Glossary
 *   pause      V8 halted the main thread
 *   stop       a pause that is the user's to see; from the others stepping moves on
 *   path       how a client names a cell: a hash of its text between a prefix and a suffix; no file is there
 *   place      a line and column of a cell, from 1; `readPositions` of lang leads there from its script
 *   reference  a number for what can be expanded; good until the thread goes on
 *   owner      whose code a script is: a cell, a file of the user's, a package, hidden (Node's and ours)
 *
 * debugger      the room's promise: one request, one response; attached or not
 * attachment    what there is from `initialize` to `disconnect`
 * commands      the requests, one by one; capabilities is what `initialize` answers
 * breakpoints   what the client wants, and what of it V8 has; break-places finds where V8 can stop in a cell
 *               break-condition  conditions, counts of hits and messages, as V8 takes them
 * stepping      which pauses are stops
 * catching      who catches what was thrown
 * scripts       whose a script is, and where in it a frame stands
 * frames        the stops' frames by number; awaiting finds those that wait for them
 * variables     scopes, objects and their parts; values is one value in a line; assignment changes one
 * evaluation    what the user types
 * cell-book     cells by path; murmur2 is the hash
 * inspector     the main thread's inspector
 * protocol      the types; arguments reads a request's
 */
export { createDebugger, type Debugger } from "./debugger.js";
export type { RanCell, RanCells } from "./cell-book.js";

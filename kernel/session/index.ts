/**
 * session: what a kernel answers to its clients, in a thread of its own.
 *
 * Glossary
 *   request    a client's message that is answered; framed by the statuses busy and idle
 *   execution  an execute_request on its way: types, transform, run, messages
 *   refusal    why a cell isn't run
 *
 * launch           starts the thread; loads nothing else, so that the sockets are bound soon
 * protocol-worker  the thread: wire, session, language service and executor put together
 * session          the message loop and its queue
 * execution        one execute_request after the other
 * cell-outputs     what only passes, such as a progress bar, among what stays
 * language-tools   what of lang it needs, loaded late
 * magic-context    what a cell's magics can do here
 * type-check       what a type error does; diagnostics prints them as tsc does
 * misplaced-magic  a magic behind code, in words
 * notebook-lookup  the cell of the notebook that should have run before
 * introspection    complete and inspect; cursor counts in code points
 * comms            what goes between cells and the clients' widgets
 * history          what ran
 * kernel-info      who we are
 * lifetime         signals, and the client's process
 */
export { startProtocolWorker } from "./launch.js";

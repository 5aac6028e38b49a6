/**
 * session: what a kernel answers to its clients, in a thread of its own.
 *
 * Glossary
 *   request    a client's message that is answered; framed by the statuses busy and idle
 *   execution  an execute_request on its way: types, transform, run, messages
 *   shell      a queue of requests: the main one, and the subshells that clients make
 *   refusal    why a cell isn't run
 *
 * launch           starts the thread; loads nothing else, so that the sockets are bound soon
 * protocol-worker  the thread: wire, session, language service and executor put together
 * session          the message loop
 * shells           the queues, and what an error aborts in them
 * execution        one execute_request after the other; rehearsal has some run before there are clients to see it
 * cell-outputs     what only passes, such as a progress bar, among what stays
 * language-tools   what of lang it needs, loaded late
 * cell-globals     the names that cells find, for the type checker
 * magic-context    what a cell's magics can do here
 * type-check       what a type error does; diagnostics prints them as tsc does
 * misplaced-magic  a magic behind code, in words; tslab-directive  a cell that tslab alone knows what to do with
 * notebook-lookup  the cell of the notebook that should have run before
 * introspection    complete and inspect; cursor counts in code points
 * documentation    what is known of a name → text and Markdown
 * debugging        which cells ran, for the debugger, which is loaded late
 * comms            what goes between cells and the clients' widgets
 * questions        what cells ask the client's user
 * history          what ran; history-file keeps it, glob searches it
 * usage            processor and memory
 * kernel-info      who we are
 * lifetime         signals, and the client's process
 */
export { startProtocolWorker } from "./launch.js";

/**
 * wire: Jupyter messages over ZeroMQ, both ends of it.
 *
 * Glossary
 *   channel     one of shell (requests), control (urgent requests), stdin (questions to the user), iopub (broadcasts), hb
 *   message     header, parent header, metadata, content and buffers; signed with the connection's key
 *   broadcast   a message on iopub, to every client
 *   incoming    a request, notice or answer from a client, its content read
 *
 * messages          the types
 * connection        the connection file: reading, making, addresses
 * connection-error  what is wrong with one
 * signing           HMAC, and the guard against messages played again
 * framing           message ⇄ frames
 * incoming          content → typed request
 * send-queue        one send at a time per socket
 * publisher         what becomes of a client that reads its broadcasts too slowly, or not at all
 * kernel-sockets    the kernel's end
 * client            the client's end
 * relay             another program's messages, passed on
 */
export * from "./messages.js";
export { ConnectionError } from "./connection-error.js";
export {
  address,
  channels,
  newConnection,
  parseConnection,
  readConnection,
  socketPath,
  type Channel,
  type Connection,
} from "./connection.js";
export { bindKernel, type KernelSockets, type Origin } from "./kernel-sockets.js";
export { connectClient, type Client } from "./client.js";
export { connectRelay, relayedChannels, type Relay } from "./relay.js";

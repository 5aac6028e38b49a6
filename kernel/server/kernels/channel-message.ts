import type { Message } from "../../wire/index.js";

/** A Jupyter message between the interface and a kernel; one WebSocket carries all channels. */
export interface ChannelMessage extends Omit<Message, "identities"> {
  readonly channel: string;
}

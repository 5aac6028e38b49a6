import type { Broadcast, Client } from "../wire/index.js";
import type { Death, KernelClient, Publication } from "./client.js";
import type { Metadata } from "./notebook.js";

/** What becomes an output; the rest of what a kernel broadcasts does not concern a notebook. */
function publicationOf({ type, content }: Broadcast): Publication | undefined {
  switch (type) {
    case "stream":
      return { type, name: content.name, text: content.text };
    case "error":
      return { type, ename: content.ename, evalue: content.evalue, traceback: content.traceback };
    case "clear_output":
      return { type, wait: content.wait };
    case "execute_result":
      return { type, data: content.data, metadata: content.metadata, executionCount: content.execution_count };
    case "display_data":
    case "update_display_data": {
      const id = content.transient["display_id"];
      return {
        type,
        data: content.data,
        metadata: content.metadata,
        ...(typeof id === "string" ? { displayId: id } : {}),
      };
    }
    case "status":
    case "execute_input":
    case "comm_open":
    case "comm_msg":
    case "comm_close":
    case "debug_event":
    case "shutdown_reply":
    case "iopub_welcome":
      return undefined;
  }
}

/** The wire's client as the runner wants it. */
export function overWire(client: Client, languageInfo: Metadata, died: Promise<Death>): KernelClient {
  // Kept behind the reply: a cell's timers still publish under its request.
  const publishers = new Map<string, (publication: Publication) => void>();
  client.onBroadcast((message) => {
    const publication = publicationOf(message);
    if (publication !== undefined) publishers.get(message.parent_header.msg_id ?? "")?.(publication);
  });
  return {
    languageInfo,
    died,
    async execute({ code, cellId }, publish) {
      const options = {
        // Without a listener the request would be over at the reply, before the kernel is idle and all outputs are in.
        onBroadcast: () => undefined,
        onSend: (id: string) => publishers.set(id, publish),
        ...(cellId === undefined ? {} : { metadata: { cellId } }),
      };
      const request = { code, allow_stdin: false, stop_on_error: false };
      const { content } = await client.request("shell", "execute_request", request, options);
      switch (content.status) {
        case "aborted":
          return { status: "aborted" };
        case "ok":
          return { status: "ok", executionCount: content.execution_count };
        case "error": {
          const { ename, evalue, execution_count } = content;
          return { status: "error", executionCount: execution_count, ename, evalue };
        }
      }
    },
    async interrupt() {
      await client.request("control", "interrupt_request", {});
    },
  };
}

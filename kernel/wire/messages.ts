/**
 * The Jupyter messages as types: field names as on the wire.
 * Source: jupyter-client.readthedocs.io, "Messaging in Jupyter", version 5.5; what it doesn't have, ipykernel does.
 */

/** The version that this kernel writes into its headers. All that 5.6 adds is a handshake by registration file. */
export const protocolVersion = "5.5";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Fields = Readonly<Record<string, unknown>>;

/** MIME type → data: a string, or JSON for the types that are JSON. */
export type MimeData = Readonly<Record<string, Json>>;

export interface Header {
  readonly msg_id: string;
  /** One per run of a kernel or client. */
  readonly session: string;
  readonly username: string;
  /** ISO 8601. */
  readonly date: string;
  readonly msg_type: string;
  readonly version: string;
  /** Of a shell message: the subshell that it is for; absent or null for the main shell. */
  readonly subshell_id?: string | null;
}

/** A message off the wire: signed rightly and well formed, its content not yet read. */
export interface Message {
  /** ROUTER's return path, or the topic on iopub. */
  readonly identities: readonly Uint8Array[];
  readonly header: Header;
  /** Empty where nothing asked for the message. */
  readonly parent_header: Partial<Header>;
  readonly metadata: Fields;
  readonly content: Fields;
  readonly buffers: readonly Uint8Array[];
}

export interface ExecuteRequest {
  readonly code: string;
  readonly silent: boolean;
  readonly store_history: boolean;
  readonly user_expressions: Readonly<Record<string, string>>;
  readonly allow_stdin: boolean;
  readonly stop_on_error: boolean;
}

export interface InspectRequest {
  readonly code: string;
  /** In code points. */
  readonly cursor_pos: number;
  readonly detail_level: 0 | 1;
}

export interface CompleteRequest {
  readonly code: string;
  /** In code points. */
  readonly cursor_pos: number;
}

export interface HistoryRequest {
  readonly output: boolean;
  readonly raw: boolean;
  readonly hist_access_type: "range" | "tail" | "search";
  /** Counts back from the present session where not positive. */
  readonly session: number;
  readonly start: number;
  readonly stop?: number;
  readonly n?: number;
  readonly pattern: string;
  readonly unique: boolean;
}

interface CommOpen {
  readonly comm_id: string;
  readonly target_name: string;
  readonly data: Fields;
}

interface CommMessage {
  readonly comm_id: string;
  readonly data: Fields;
}

type Nothing = Readonly<Record<string, never>>;

/** What a client asks; each is answered by the reply of the same stem. */
export interface Requests {
  execute_request: ExecuteRequest;
  inspect_request: InspectRequest;
  complete_request: CompleteRequest;
  history_request: HistoryRequest;
  is_complete_request: { readonly code: string };
  comm_info_request: { readonly target_name?: string };
  kernel_info_request: Nothing;
  shutdown_request: { readonly restart: boolean };
  interrupt_request: Nothing;
  create_subshell_request: Nothing;
  delete_subshell_request: { readonly subshell_id: string };
  list_subshell_request: Nothing;
  usage_request: Nothing;
  /** A request of the Debug Adapter Protocol; what is wrong with it, its response says. */
  debug_request: Fields;
}

/** What a client sends without waiting for a reply. */
export interface Notices {
  comm_open: CommOpen;
  comm_msg: CommMessage;
  comm_close: CommMessage;
}

export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

type ErrorReply = { readonly status: "error" } & ErrorContent;
/** A request that stood in the queue when an earlier one failed. */
interface AbortedReply {
  readonly status: "aborted";
}
type Reply<Content> = ({ readonly status: "ok" } & Content) | ErrorReply | AbortedReply;

interface MimeBundle {
  readonly data: MimeData;
  readonly metadata: MimeData;
}

interface LanguageInfo {
  readonly name: string;
  readonly version: string;
  readonly mimetype: string;
  readonly file_extension: string;
  readonly pygments_lexer: string;
  readonly codemirror_mode: string;
  readonly nbconvert_exporter: string;
}

export interface KernelInfo {
  readonly protocol_version: string;
  readonly implementation: string;
  readonly implementation_version: string;
  readonly language_info: LanguageInfo;
  readonly banner: string;
  readonly help_links: readonly { readonly text: string; readonly url: string }[];
  readonly supported_features: readonly string[];
  /** What clients looked at before there was a list of features. */
  readonly debugger: boolean;
}

type UserExpression = ({ readonly status: "ok" } & MimeBundle) | ErrorReply;

export type ExecuteReply = { readonly execution_count: number } & Reply<{
  readonly user_expressions: Readonly<Record<string, UserExpression>>;
  readonly payload: readonly Fields[];
}>;

/** Session number, execution count, and the input alone or with its output. */
export type HistoryEntry = readonly [number, number, string | readonly [string, string | null]];

export interface Replies {
  execute_reply: ExecuteReply | AbortedReply;
  inspect_reply: Reply<{ readonly found: boolean } & MimeBundle>;
  complete_reply: Reply<{
    readonly matches: readonly string[];
    /** In code points. */
    readonly cursor_start: number;
    readonly cursor_end: number;
    readonly metadata: Fields;
  }>;
  history_reply: Reply<{ readonly history: readonly HistoryEntry[] }>;
  is_complete_reply: {
    readonly status: "complete" | "incomplete" | "invalid" | "unknown";
    readonly indent?: string;
  };
  comm_info_reply: Reply<{ readonly comms: Readonly<Record<string, { readonly target_name: string }>> }>;
  kernel_info_reply: Reply<KernelInfo>;
  shutdown_reply: Reply<{ readonly restart: boolean }>;
  interrupt_reply: Reply<unknown>;
  create_subshell_reply: Reply<{ readonly subshell_id: string }>;
  delete_subshell_reply: Reply<unknown>;
  /** The main shell is not among them. */
  list_subshell_reply: Reply<{ readonly subshell_id: readonly string[] }>;
  usage_reply: Reply<Usage>;
  /** A response of the Debug Adapter Protocol, without Jupyter's own `status`. */
  debug_reply: Fields;
}

/** What JupyterLab's resource monitor shows; not in the specification, ipykernel answers it. */
export interface Usage {
  readonly hostname: string;
  readonly pid: number;
  /** Per cent of one processor since the last question. */
  readonly kernel_cpu: number;
  /** In bytes. */
  readonly kernel_memory: number;
  readonly cpu_count: number;
  /** Per cent of all processors since the last question; absent in the first answer. */
  readonly host_cpu_percent?: number;
  /** In bytes and per cent. */
  readonly host_virtual_memory: Readonly<Record<"total" | "available" | "used" | "percent", number>>;
}

/** What the kernel tells every client, on iopub. */
export interface Broadcasts extends Notices {
  status: { readonly execution_state: "starting" | "busy" | "idle" };
  execute_input: { readonly code: string; readonly execution_count: number };
  execute_result: MimeBundle & { readonly execution_count: number };
  stream: { readonly name: "stdout" | "stderr"; readonly text: string };
  display_data: MimeBundle & { readonly transient: Fields };
  update_display_data: MimeBundle & { readonly transient: Fields };
  clear_output: { readonly wait: boolean };
  error: ErrorContent;
  /** An event of the Debug Adapter Protocol. */
  debug_event: Fields;
  shutdown_reply: Replies["shutdown_reply"];
  iopub_welcome: { readonly subscription: string };
}

/** What the kernel asks the client's user, on stdin. */
export interface Prompts {
  input_request: { readonly prompt: string; readonly password: boolean };
}

export type RequestType = keyof Requests;
export type NoticeType = keyof Notices;
export type BroadcastType = keyof Broadcasts;
type ReplyType<T extends RequestType> = `${T extends `${infer Stem}_request` ? Stem : never}_reply` & keyof Replies;
export type ReplyTo<T extends RequestType> = Replies[ReplyType<T>];

/** A message of a known type with its content read. */
type Typed<Type extends string, Content> = Omit<Message, "content"> & {
  readonly type: Type;
  readonly content: Content;
};

/** Every request and notice that a kernel knows, told apart by `type`. */
export type Incoming =
  | { [T in RequestType]: Typed<T, Requests[T]> }[RequestType]
  | { [T in NoticeType]: Typed<T, Notices[T]> }[NoticeType]
  | Typed<"input_reply", { readonly value: string }>;
export type IncomingType = Incoming["type"];

/** Everything that the kernel broadcasts, told apart by `type`. */
export type Broadcast = { [T in BroadcastType]: Typed<T, Broadcasts[T]> }[BroadcastType];

import type { Metadata, MimeBundle } from "./notebook.js";

/** What a kernel publishes on iopub while a cell runs, of the messaging protocol's kinds those that become outputs. */
export type Publication =
  | { readonly type: "stream"; readonly name: "stdout" | "stderr"; readonly text: string }
  | Display<"display_data">
  | Display<"update_display_data">
  | (Display<"execute_result"> & { readonly executionCount: number })
  | { readonly type: "error"; readonly ename: string; readonly evalue: string; readonly traceback: readonly string[] }
  | { readonly type: "clear_output"; readonly wait: boolean };

interface Display<Type extends string> {
  readonly type: Type;
  readonly data: MimeBundle;
  readonly metadata: Metadata;
  /** The name under which a later `update_display_data` finds it. */
  readonly displayId?: string;
}

export type Reply =
  | { readonly status: "ok"; readonly executionCount: number }
  | { readonly status: "error"; readonly executionCount: number; readonly ename: string; readonly evalue: string }
  | { readonly status: "aborted" };

/** How a kernel's process ended. */
export interface Death {
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to its standard error. */
  readonly lastWords: string;
}

export interface ExecuteRequest {
  readonly code: string;
  /** The notebook's name for the cell, which the kernel's own messages may use. */
  readonly cellId?: string;
}

/** What the runner needs of a kernel. The wire's client with a real process fulfils it, and a fake one in tests. */
export interface KernelClient {
  /** `language_info` of the kernel_info reply. */
  readonly languageInfo: Metadata;
  /** Resolves, and never rejects, when the kernel's process has ended for whatever reason. */
  readonly died: Promise<Death>;
  /**
   * Runs a cell. Resolves when both the reply and the idle status are in, so that all outputs are.
   * @param publish is given what the cell publishes, also later than the reply (a timer's output)
   */
  execute(request: ExecuteRequest, publish: (publication: Publication) => void): Promise<Reply>;
  interrupt(): Promise<void>;
}

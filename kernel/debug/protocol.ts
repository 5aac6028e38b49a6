/**
 * What of the Debug Adapter Protocol this kernel speaks, field names as on the wire.
 * Sources: microsoft.github.io/debug-adapter-protocol/specification, 1.39 and later; Jupyter's additions to it in
 * jupyter-client.readthedocs.io, "Messaging in Jupyter", "Debug request".
 */

export type Fields = Readonly<Record<string, unknown>>;

export interface DebugResponse {
  readonly type: "response";
  readonly request_seq: number;
  readonly seq: number;
  readonly success: boolean;
  readonly command: string;
  readonly message?: string;
  readonly body: Fields;
}

export interface DebugEvent {
  readonly type: "event";
  readonly seq: number;
  readonly event: "initialized" | "stopped" | "continued" | "breakpoint" | "terminated";
  readonly body: Fields;
}

export interface Source {
  readonly name: string;
  readonly path: string;
}

export interface SourceBreakpoint {
  /** From 1, as all lines and columns here. */
  readonly line: number;
  readonly column?: number;
  /** TypeScript, evaluated where the breakpoint stands. */
  readonly condition?: string;
  /** Which of the hits count that meet the condition: `3`, `>= 3`, `% 2`. */
  readonly hitCondition?: string;
  /** It doesn't stop but prints this, with what stands in braces evaluated. */
  readonly logMessage?: string;
}

export interface Breakpoint {
  readonly id: number;
  readonly verified: boolean;
  readonly line: number;
  readonly column?: number;
  readonly message?: string;
  readonly source: { readonly path: string };
}

export interface StackFrame {
  readonly id: number;
  readonly name: string;
  readonly source: Source;
  readonly line: number;
  readonly column: number;
  /** `subtle`: of a package. */
  readonly presentationHint: "normal" | "subtle";
}

export interface Scope {
  readonly name: string;
  readonly presentationHint?: "locals";
  readonly variablesReference: number;
  readonly expensive: boolean;
}

export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  /** How to name it in an expression. */
  readonly evaluateName?: string;
  /** 0 where there is nothing to expand. */
  readonly variablesReference: number;
}

export type StopReason = "breakpoint" | "step" | "pause" | "exception";

/** What a client asked for that can't be; its response says why. */
export class RequestError extends Error {}

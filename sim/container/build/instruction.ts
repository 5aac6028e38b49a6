import type { ExecutionConfig } from "../image/oci.js";
import type { Heredoc } from "./lines.js";

/** What is run: words, or a text for the shell. */
export type Command =
  { readonly form: "exec"; readonly args: readonly string[] } | { readonly form: "shell"; readonly text: string };

export type Pair = readonly [name: string, value: string];

/** `RUN --mount`: what is mounted for one command alone. */
export interface RunMount {
  readonly type: "bind" | "cache" | "tmpfs";
  readonly target: string;
  /** A directory of the context, or of `from`. */
  readonly source: string;
  /** A stage or an image. */
  readonly from?: string;
  /** What a cache is shared by. */
  readonly id: string;
  readonly readonly: boolean;
}

/** What COPY and ADD have in common. Variables in it aren't replaced yet. */
export interface Transfer {
  readonly sources: readonly string[];
  readonly destination: string;
  readonly from?: string;
  readonly chown?: string;
  readonly chmod?: string;
  readonly exclude: readonly string[];
  /** Whether sources keep the directories above them. */
  readonly parents: boolean;
  readonly checksum?: string;
  /** Files that stand in the Dockerfile itself, by the names that `sources` has them under. */
  readonly inline: readonly Heredoc[];
}

export interface Health {
  readonly interval?: string;
  readonly timeout?: string;
  readonly startPeriod?: string;
  readonly startInterval?: string;
  readonly retries?: number;
  readonly command: Command | "none";
}

/** What an instruction says, by its keyword. */
export type Meaning =
  | { readonly keyword: "FROM"; readonly image: string; readonly platform?: string; readonly name?: string }
  | { readonly keyword: "ARG"; readonly names: readonly (readonly [name: string, value: string | undefined])[] }
  | { readonly keyword: "ENV" | "LABEL"; readonly pairs: readonly Pair[] }
  | {
      readonly keyword: "RUN";
      readonly command: Command;
      readonly script?: Heredoc;
      readonly mounts: readonly RunMount[];
    }
  | ({ readonly keyword: "COPY" | "ADD" } & Transfer)
  | { readonly keyword: "CMD" | "ENTRYPOINT"; readonly command: Command }
  | { readonly keyword: "EXPOSE" | "VOLUME"; readonly words: readonly string[]; readonly exact: boolean }
  | { readonly keyword: "WORKDIR"; readonly word: string }
  | { readonly keyword: "USER" | "STOPSIGNAL" | "MAINTAINER"; readonly word: string }
  | { readonly keyword: "HEALTHCHECK"; readonly health: Health }
  | { readonly keyword: "SHELL"; readonly args: readonly string[] }
  | { readonly keyword: "ONBUILD"; readonly trigger: string };

export type Keyword = Meaning["keyword"];

export type Instruction = Meaning & {
  /** Where it stands in the Dockerfile; of what a base image's ONBUILD adds, the line of FROM. */
  readonly line: number;
  /** As it is shown: keyword and arguments on one line. */
  readonly text: string;
};

/** What stands in a stage. */
export type StageInstruction = Exclude<Instruction, { readonly keyword: "FROM" }>;

/** Those that change how an image runs, and no file. */
export type SettingInstruction = Exclude<
  StageInstruction,
  { readonly keyword: "ARG" | "RUN" | "COPY" | "ADD" | "WORKDIR" }
>;

export type InstructionOf<K extends Keyword> = Instruction & { readonly keyword: K };

/** The shell that commands in shell form are given to, unless SHELL says otherwise. */
const usualShell: readonly string[] = ["/bin/sh", "-c"];

/** A command as it is executed. */
export const argsOf = (command: Command, { Shell = usualShell }: ExecutionConfig): readonly string[] =>
  command.form === "exec" ? command.args : [...Shell, command.text];

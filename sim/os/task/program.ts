import type { Activity } from "../../core/index.js";
import { encodeUtf8 } from "../../core/index.js";

/** A program that runs; what it returns is its exit status, 0 where that is nothing. */
export type Body = Activity<number | undefined> | Activity<void>;

/**
 * What an executable does: a generator that makes system calls by `yield* sys.…` and gives the exit status. `S` is the
 * system-call interface that it is written against.
 */
export interface Program<S> {
  readonly name: string;
  main(sys: S, argv: readonly string[], env: readonly string[]): Body;
  /** Bytes of memory that it has touched by the time it runs: its code and data. */
  readonly memory?: number;
}

/** What an executable file begins with. Real ones begin so too; ours then name the program that they are. */
const magic = "\x7fELF";

/**
 * The bytes of an executable file. The program is found by them, so that a copy under any name is the same program.
 * @param machine for which processor it is made: another one's kernel refuses it (ENOEXEC)
 */
export function executable(program: string, machine: string, padding = 0): Uint8Array {
  const head = encodeUtf8(`${magic} ${machine} ${program}\n`);
  const bytes = new Uint8Array(head.length + padding);
  bytes.set(head);
  return bytes;
}

/** What a file is, by its first bytes, as execve(2) looks at it. */
export type Image =
  | { readonly kind: "program"; readonly machine: string; readonly program: string }
  | { readonly kind: "script"; readonly interpreter: string; readonly argument: string | undefined }
  | { readonly kind: "unknown" };

/** How much of a file execve(2) looks at (BINPRM_BUF_SIZE). */
export const imageHead = 256;

export function imageOf(head: Uint8Array): Image {
  const end = head.indexOf(10);
  const text = String.fromCharCode(...head.subarray(0, end < 0 ? head.length : end));
  if (text.startsWith("#!")) {
    const line = text.slice(2).trim();
    const gap = line.search(/[ \t]/);
    if (line === "") return { kind: "unknown" };
    if (gap < 0) return { kind: "script", interpreter: line, argument: undefined };
    return { kind: "script", interpreter: line.slice(0, gap), argument: line.slice(gap).trim() };
  }
  const [mark, machine, program] = text.split(" ");
  if (mark !== magic || machine === undefined || program === undefined) return { kind: "unknown" };
  return { kind: "program", machine, program };
}

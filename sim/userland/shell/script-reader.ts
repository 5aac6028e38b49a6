import type { Activity } from "../../core/index.js";
import { attempt, Errno, SEEK_CUR } from "../../os/index.js";
import { decode } from "../program/encoding.js";
import type { Shell } from "./state.js";
import { isIncomplete } from "./syntax.js";

const blockSize = 4096;

/** Reads commands from standard input, no further than they go: what comes behind them is for who they start. */
export class ScriptReader {
  readonly #shell: Shell;
  #seekable: boolean | undefined;

  constructor(shell: Shell) {
    this.#shell = shell;
  }

  /**
   * Lines that make up whole commands; undefined at the end.
   * @param ask told before each line whether it is the first: for prompts
   * @param interrupted whether a signal ends the command that was begun: then ""
   */
  *next(ask?: (first: boolean) => Activity<undefined>, interrupted?: () => boolean): Activity<string | undefined> {
    let text = "";
    for (;;) {
      if (ask !== undefined) yield* ask(text === "");
      const line = yield* this.#line(interrupted);
      if (line === "interrupted") return "";
      if (line === undefined) return text === "" ? undefined : text;
      text += line;
      if (!isIncomplete(text)) return text;
    }
  }

  *#line(interrupted: (() => boolean) | undefined): Activity<string | undefined> {
    const { sys } = this.#shell;
    if (this.#seekable === undefined) {
      const place = yield* attempt(sys.lseek(0, 0, SEEK_CUR));
      this.#seekable = !(place instanceof Errno);
    }
    const terminal = !this.#seekable && !((yield* attempt(sys.ioctl(0, "TCGETS"))) instanceof Errno);
    const bytes: number[] = [];
    for (;;) {
      const got = yield* attempt(sys.read(0, this.#seekable || terminal ? blockSize : 1));
      if (got instanceof Errno) {
        if (got.code !== "EINTR") return undefined;
        if (interrupted?.() === true) return "interrupted";
        continue;
      }
      if (got.length === 0) return bytes.length === 0 ? undefined : decode(Uint8Array.from(bytes));
      const end = got.indexOf(10);
      const line = end < 0 ? got : got.subarray(0, end + 1);
      for (const byte of line) bytes.push(byte);
      if (line.length < got.length) yield* sys.lseek(0, line.length - got.length, SEEK_CUR);
      if (end >= 0) return decode(Uint8Array.from(bytes));
    }
  }
}

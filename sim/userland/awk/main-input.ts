import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_CLOEXEC, O_RDONLY } from "../../os/index.js";
import type { Invocation } from "../program/command.js";
import { decode, encodeBytes } from "../program/encoding.js";
import { Records } from "./io.js";
import { toNumber, toText } from "./values.js";
import { arrayOf, type Slot } from "./variables.js";

/** What the main input has of the program it is read for. */
interface Reader {
  readonly global: (name: string) => Slot;
  /** An operand that is an assignment: done when its turn comes. */
  readonly assign: (name: string, text: string) => void;
}

/** The records of the operands' files one after the other, or of standard input. */
export class MainInput {
  readonly #it: Invocation;
  readonly #reader: Reader;
  #records: Records | undefined;
  #argument = 1;
  #ended = false;
  /** 2 where a file couldn't be opened. */
  status = 0;

  constructor(it: Invocation, reader: Reader) {
    this.#it = it;
    this.#reader = reader;
  }

  /** The next record, counted; undefined at the end. */
  *next(): Activity<string | undefined> {
    const { global } = this.#reader;
    for (;;) {
      this.#records ??= yield* this.#open();
      if (this.#records === undefined) return undefined;
      const record = yield* this.#records.next(toText(global("RS").value, "%.6g"));
      if (record !== undefined) {
        for (const name of ["NR", "FNR"]) global(name).value = toNumber(global(name).value) + 1;
        return record;
      }
      yield* this.leaveFile();
    }
  }

  /** Goes on with the next file: at the end of one, and for nextfile. */
  *leaveFile(): Activity<undefined> {
    if (this.#records !== undefined && this.#records.fd > 2) yield* this.#it.sys.close(this.#records.fd);
    this.#records = undefined;
    return undefined;
  }

  *#open(): Activity<Records | undefined> {
    const { global } = this.#reader;
    const argv = arrayOf(global("ARGV"));
    while (!this.#ended && this.#argument < toNumber(global("ARGC").value)) {
      const word = toText(argv.get(String(this.#argument++)), "%.6g");
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
      if (word === "") continue;
      if (name !== undefined && value !== undefined) {
        this.#reader.assign(name, decode(encodeBytes(value)));
        continue;
      }
      const path = decode(encodeBytes(word));
      const fd = word === "-" ? 0 : yield* attempt(this.#it.sys.open(path, O_RDONLY | O_CLOEXEC));
      if (fd instanceof Errno) {
        yield* this.#it.tell(`${this.#it.called}: cannot open "${path}" (${fd.message})`);
        this.status = 2;
        this.#ended = true;
        return undefined;
      }
      this.#opened = true;
      return this.#begin(fd, word);
    }
    if (this.#opened || this.#ended) return undefined;
    this.#opened = true;
    return this.#begin(0, "");
  }

  #opened = false;

  #begin(fd: number, name: string): Records {
    const { global } = this.#reader;
    global("FILENAME").value = name;
    global("FNR").value = 0;
    return new Records(this.#it.sys, fd);
  }
}

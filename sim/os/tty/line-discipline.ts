import { signalNumbers } from "../task/signals.js";

/** The settings of a terminal that matter here, termios(3). */
export interface Termios {
  /** ICANON: input is read line by line, and may be edited. */
  canonical: boolean;
  /** ECHO. */
  echo: boolean;
  /** ISIG: ^C, ^\ and ^Z are signals. */
  signals: boolean;
  /** ICRNL: a carriage return that is typed is a newline. */
  carriageReturnIn: boolean;
  /** OPOST and ONLCR: a newline that is printed is preceded by a carriage return. */
  newlineOut: boolean;
}

const usualTermios = (): Termios => ({
  canonical: true,
  echo: true,
  signals: true,
  carriageReturnIn: true,
  newlineOut: true,
});

const interrupt = 0x03;
const endOfFile = 0x04;
const backspace = 0x08;
const newline = 0x0a;
const carriageReturn = 0x0d;
const killLine = 0x15;
const eraseWord = 0x17;
const suspend = 0x1a;
const quit = 0x1c;
const erase = 0x7f;

/** What typed bytes come to. */
export interface Typed {
  /** Shown on the screen. */
  readonly echo: readonly number[];
  /** Sent to the foreground job. */
  readonly signals: readonly number[];
  /** Whether there is something to read now. */
  readonly ready: boolean;
}

/** N_TTY, the line discipline of terminals: what is between the keyboard and read(2), drivers/tty/n_tty.c. */
export class LineDiscipline {
  readonly termios: Termios = usualTermios();
  /** The line being typed. */
  #line: number[] = [];
  /** Lines, or in raw mode pieces, to be read; an empty one is an end of file. */
  readonly #ready: number[][] = [];

  get readable(): boolean {
    return this.#ready.length > 0;
  }

  /** Bytes that a reader gets: at most one line; none at an end of file; undefined where it has to wait. */
  take(length: number): Uint8Array | undefined {
    const [first] = this.#ready;
    if (first === undefined) return undefined;
    if (first.length <= length) this.#ready.shift();
    return Uint8Array.from(first.splice(0, length));
  }

  type(bytes: Uint8Array): Typed {
    const echo: number[] = [];
    const signals: number[] = [];
    for (const byte of bytes) this.#key(byte, echo, signals);
    return { echo, signals, ready: this.readable };
  }

  /** What printed bytes become on their way to the screen. */
  print(bytes: Uint8Array): Uint8Array {
    if (!this.termios.newlineOut || !bytes.includes(newline)) return bytes;
    const out: number[] = [];
    for (const byte of bytes) {
      if (byte === newline) out.push(carriageReturn);
      out.push(byte);
    }
    return Uint8Array.from(out);
  }

  #key(typed: number, echo: number[], signals: number[]): void {
    const { termios } = this;
    const byte = typed === carriageReturn && termios.carriageReturnIn ? newline : typed;
    const signal = termios.signals ? signalOf(byte) : undefined;
    if (signal !== undefined) {
      signals.push(signal);
      this.#line = [];
      this.#ready.length = 0;
      if (termios.echo) echo.push(...caret(byte));
      return;
    }
    if (!termios.canonical) {
      this.#ready.push([byte]);
      if (termios.echo) echo.push(...shown(byte));
      return;
    }
    switch (byte) {
      case endOfFile:
        this.#ready.push(this.#line);
        this.#line = [];
        return;
      case newline:
        this.#ready.push([...this.#line, byte]);
        this.#line = [];
        if (termios.echo) echo.push(carriageReturn, newline);
        return;
      case erase:
      case backspace:
        this.#rub(1, echo);
        return;
      case killLine:
        this.#rub(this.#line.length, echo);
        return;
      case eraseWord: {
        const line = String.fromCharCode(...this.#line);
        this.#rub(line.length - line.replace(/\S+\s*$/, "").length, echo);
        return;
      }
      default:
        this.#line.push(byte);
        if (termios.echo) echo.push(...shown(byte));
    }
  }

  #rub(count: number, echo: number[]): void {
    for (let left = count; left > 0; left--) {
      const gone = this.#line.pop();
      if (gone === undefined) return;
      // The second byte of a character, and those after, are not on the screen by themselves.
      if (!this.termios.echo || (gone & 0xc0) === 0x80) continue;
      for (let columns = shown(gone).length; columns > 0; columns--) echo.push(backspace, 0x20, backspace);
    }
  }
}

function signalOf(byte: number): number | undefined {
  if (byte === interrupt) return signalNumbers.SIGINT;
  if (byte === quit) return signalNumbers.SIGQUIT;
  return byte === suspend ? signalNumbers.SIGTSTP : undefined;
}

/** ECHOCTL: a control character as ^C. */
const caret = (byte: number): number[] => [0x5e, byte ^ 0x40];

const shown = (byte: number): number[] => (byte < 0x20 && byte !== newline && byte !== 0x09 ? caret(byte) : [byte]);

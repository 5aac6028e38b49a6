import { decodeBase64, encodeBase64, encodeUtf8, type Persist } from "../core/index.js";

export interface ConsoleState {
  readonly text: string;
  /** Bytes of a character that is not complete yet, in base64. */
  readonly partial: string;
}

let heard: ((text: string) => void) | undefined;

/** Sets who hears the consoles of all machines that echo, as text comes: the notebook. Undefined for nobody. */
export function hearConsoles(listener: ((text: string) => void) | undefined): void {
  heard = listener;
}

/** How much of a console's text is kept, in characters: the latest. */
const most = 1 << 20;

/** A terminal at one of the guest's serial lines: what the guest wrote, as text, and a keyboard. */
export class Console implements Persist<ConsoleState> {
  readonly #type: (bytes: Uint8Array) => void;
  readonly #echo: boolean;
  readonly #listeners = new Set<(text: string) => void>();
  /** Told of text at once, in the middle of an instruction. */
  onText: ((text: string) => void) | undefined;
  /** Told behind what was typed. */
  onTyped: (() => void) | undefined;
  #decoder = new Utf8Decoder();
  #text = "";
  /** What listeners have not been told of. */
  #fresh = "";

  /** @param echo whether who hears all consoles hears this one */
  constructor(type: (bytes: Uint8Array) => void, echo: boolean) {
    this.#type = type;
    this.#echo = echo;
  }

  /** What the guest has written so far, the last million characters of it. */
  get text(): string {
    return this.#text;
  }

  /** Types text; a newline is the Enter key, which sends a carriage return. The guest sees it when it runs. */
  type(text: string): void {
    this.#type(encodeUtf8(text.replace(/\r?\n/g, "\r")));
    this.onTyped?.();
  }

  /**
   * Calls with what the guest writes, soon after it did: between two of the machine's turns, when all of it is whole.
   * @returns what ends that
   */
  onOutput(listener: (text: string) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The guest wrote bytes. @param quiet without telling anybody */
  write(bytes: Iterable<number>, quiet: boolean): void {
    let text = "";
    for (const byte of bytes) text += this.#decoder.decode(byte);
    if (text === "") return;
    this.#text += text;
    if (this.#text.length > 2 * most) this.#text = this.#text.slice(-most);
    if (quiet) return;
    if (this.#listeners.size > 0 || this.#isHeard) this.#fresh += text;
    this.onText?.(text);
  }

  /** Tells listeners what is new. */
  flush(): void {
    if (this.#fresh === "") return;
    const text = this.#fresh;
    this.#fresh = "";
    for (const listener of this.#listeners) listener(text);
    if (this.#isHeard) heard?.(text);
  }

  get #isHeard(): boolean {
    return this.#echo && heard !== undefined;
  }

  save(): ConsoleState {
    return { text: this.#text, partial: encodeBase64(this.#decoder.partial) };
  }

  restore(state: ConsoleState): void {
    this.#text = state.text;
    this.#decoder = new Utf8Decoder(decodeBase64(state.partial));
  }
}

/** Makes characters of bytes as they come. What is no UTF-8 becomes U+FFFD (Unicode, section 3.9). */
class Utf8Decoder {
  #code = 0;
  #missing = 0;
  #bytes: number[] = [];

  constructor(partial: Uint8Array = new Uint8Array(0)) {
    for (const byte of partial) this.decode(byte);
  }

  get partial(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** @returns the characters that this byte completes */
  decode(byte: number): string {
    if (this.#missing > 0) {
      if ((byte & 0xc0) === 0x80 && this.#continues(byte)) {
        this.#code = (this.#code << 6) | (byte & 0x3f);
        this.#bytes.push(byte);
        if (--this.#missing > 0) return "";
        this.#bytes = [];
        return String.fromCodePoint(this.#code);
      }
      this.#missing = 0;
      this.#bytes = [];
      return `\ufffd${this.decode(byte)}`;
    }
    if (byte < 0x80) return String.fromCharCode(byte);
    const length =
      byte >= 0xc2 && byte < 0xe0 ? 2 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xf0 && byte < 0xf5 ? 4 : 0;
    if (length === 0) return "\ufffd";
    this.#missing = length - 1;
    this.#code = byte & (0x7f >> length);
    this.#bytes = [byte];
    return "";
  }

  /** Table 3-7: overlong forms, surrogates and what is above U+10FFFF end at their second byte. */
  #continues(byte: number): boolean {
    if (this.#bytes.length > 1) return true;
    const [first = 0] = this.#bytes;
    switch (first) {
      case 0xe0:
        return byte >= 0xa0;
      case 0xed:
        return byte < 0xa0;
      case 0xf0:
        return byte >= 0x90;
      case 0xf4:
        return byte < 0x90;
      default:
        return true;
    }
  }
}

/** What came from the debugger. */
export type Incoming =
  | { readonly kind: "packet"; readonly data: Uint8Array }
  /** Its checksum was wrong. */
  | { readonly kind: "damaged" }
  | { readonly kind: "acknowledged" }
  /** The last packet has to be sent again. */
  | { readonly kind: "repeat" }
  /** Ctrl-C. */
  | { readonly kind: "interrupt" };

const [dollar, hash, escape, star, plus, minus, interrupt] = [0x24, 0x23, 0x7d, 0x2a, 0x2b, 0x2d, 0x03];
/** A packet longer than this is none: what was agreed on is a quarter of it. */
const longest = 1 << 18;

const sumOf = (bytes: Iterable<number>): number => {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) & 255;
  return sum;
};

/** Finds packets in what comes, however it is cut up (Debugging with GDB, "Remote Protocol", Overview). */
export class PacketReader {
  #data: number[] | undefined;
  #sum: number[] | undefined;

  *read(bytes: Uint8Array): Generator<Incoming, void, void> {
    for (const byte of bytes) {
      const found = this.#byte(byte);
      if (found !== undefined) yield found;
    }
  }

  #byte(byte: number): Incoming | undefined {
    if (this.#sum !== undefined) {
      this.#sum.push(byte);
      return this.#sum.length === 2 ? this.#end() : undefined;
    }
    if (byte === dollar) {
      this.#data = [];
      return undefined;
    }
    if (this.#data === undefined) {
      if (byte === plus) return { kind: "acknowledged" };
      if (byte === minus) return { kind: "repeat" };
      return byte === interrupt ? { kind: "interrupt" } : undefined;
    }
    if (byte === hash) this.#sum = [];
    else if (this.#data.length < longest) this.#data.push(byte);
    return undefined;
  }

  #end(): Incoming {
    const [data = [], digits = []] = [this.#data, this.#sum];
    this.#data = this.#sum = undefined;
    const said = Number.parseInt(String.fromCharCode(...digits), 16);
    return said === sumOf(data) ? { kind: "packet", data: unescape(data) } : { kind: "damaged" };
  }
}

function unescape(data: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < data.length; i++) {
    const byte = data[i] ?? 0;
    bytes.push(byte === escape ? (data[++i] ?? 0) ^ 0x20 : byte);
  }
  return Uint8Array.from(bytes);
}

/** Bytes that mean something of their own in a packet. */
const special = new Set([dollar, hash, escape, star]);

/** A packet as it is sent: escaped, runs of one byte shortened, with its checksum. */
export function packet(data: Uint8Array): Uint8Array {
  const body: number[] = [];
  for (let i = 0; i < data.length;) {
    const byte = data[i] ?? 0;
    if (special.has(byte)) {
      body.push(escape, byte ^ 0x20);
      i++;
      continue;
    }
    let more = 0;
    while (more < 97 && data[i + more + 1] === byte) more++;
    // The count is a printable character, and neither `#` nor `$`, whose counts are 6 and 7; below 3 it saves nothing.
    if (more === 6 || more === 7) more = 5;
    if (more >= 3) body.push(byte, star, more + 29);
    else for (let n = 0; n <= more; n++) body.push(byte);
    i += more + 1;
  }
  const sum = sumOf(body).toString(16).padStart(2, "0");
  return Uint8Array.from([dollar, ...body, hash, ...ascii(sum)]);
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

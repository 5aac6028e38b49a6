/** Bytes in a buffer that grows. */
export class Bytes {
  #bytes = new Uint8Array(256);
  length = 0;

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.length++] = value;
  }

  append(other: Uint8Array): void {
    this.#grow(other.length);
    this.#bytes.set(other, this.length);
    this.length += other.length;
  }

  /** As unsigned LEB128; `value` below 2^32. */
  unsigned(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** As signed LEB128; `value` of 32 bits. */
  signed(value: number): void {
    let rest = value;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** As signed LEB128; `value` of 64 bits. */
  signed64(value: bigint): void {
    if (value === BigInt.asIntN(32, value)) {
      this.signed(Number(value));
      return;
    }
    let rest = value;
    while (rest < -64n || rest > 63n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  /** The bits of a float, lowest first. */
  float64(value: number): void {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, value, true);
    this.append(new Uint8Array(bits.buffer));
  }

  /** Length and content. */
  vector(content: Uint8Array): void {
    this.unsigned(content.length);
    this.append(content);
  }

  /** A name, of ASCII characters. */
  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i));
  }

  /** What has been written; valid until more is. */
  get view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  #grow(by: number): void {
    if (this.length + by <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + by));
    larger.set(this.view);
    this.#bytes = larger;
  }
}

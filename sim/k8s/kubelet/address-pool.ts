import { UsageError } from "../../core/index.js";

/** The addresses of an IPv4 range, handed out in turn as CNI's host-local plugin does: one that came back isn't the next to go. */
export class AddressPool {
  readonly #first: number;
  readonly #count: number;
  readonly #taken = new Set<number>();
  #last = 0;

  /** @throws UsageError for what is no range of at least four addresses */
  constructor(cidr: string) {
    const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
    const [a = 256, b = 256, c = 256, d = 256, bits = 33] = (match ?? []).slice(1).map(Number);
    if (match === null || [a, b, c, d].some((part) => part > 255) || bits > 30 || bits < 1)
      throw new UsageError(`"${cidr}" is no range for pods' addresses`, "Give one as 10.244.1.0/24.");
    this.#first = (((a * 256 + b) * 256 + c) * 256 + d) & -(2 ** (32 - bits));
    // Without the range's own address, the bridge's and the broadcast address.
    this.#count = 2 ** (32 - bits) - 3;
  }

  /** @returns undefined where all are taken */
  take(): string | undefined {
    if (this.#taken.size >= this.#count) return undefined;
    let place = this.#last;
    do place = (place + 1) % this.#count;
    while (this.#taken.has(place));
    this.#last = place;
    this.#taken.add(place);
    return text(this.#first + 2 + ((place + this.#count - 1) % this.#count));
  }

  give(address: string): void {
    const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
    const offset = ((((a * 256 + b) * 256 + c) * 256 + d) | 0) - this.#first - 2;
    this.#taken.delete((offset + 1) % this.#count);
  }
}

const text = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

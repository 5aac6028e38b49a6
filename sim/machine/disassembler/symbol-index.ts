/** A name for an address: what an assembled program and an ELF file both have. */
export interface AddressName {
  readonly name: string;
  readonly value: bigint;
}

/** Finds the name that an address lies behind. */
export class SymbolIndex {
  readonly #names: readonly AddressName[];

  /** @param names of two for one address, the first is taken */
  constructor(names: Iterable<AddressName>) {
    const ordered = [...names].map(({ name, value }) => ({ name, value: BigInt.asUintN(64, value) }));
    ordered.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
    this.#names = ordered.filter(({ value }, index) => value !== ordered[index - 1]?.value);
  }

  /** The last name that isn't behind the address, and how far the address is behind it; undefined before the first. */
  find(address: bigint): { readonly name: string; readonly offset: bigint } | undefined {
    const wanted = BigInt.asUintN(64, address);
    let [low, high] = [0, this.#names.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#names[middle]?.value ?? 0n) <= wanted) low = middle + 1;
      else high = middle;
    }
    const found = this.#names[low - 1];
    return found === undefined ? undefined : { name: found.name, offset: wanted - found.value };
  }

  /** An address as objdump writes it: `80000004 <loop+0x4>`, or `0x80000004` where no name is before it. */
  label(address: bigint): string {
    const digits = BigInt.asUintN(64, address).toString(16);
    const found = this.find(address);
    if (found === undefined) return `0x${digits}`;
    return `${digits} <${found.name}${found.offset === 0n ? "" : `+0x${found.offset.toString(16)}`}>`;
  }
}

import { minutes, type Engine, type Nanos } from "../../../core/index.js";
import type { Kinds } from "../../client/types.js";

type Slice = Kinds["endpointslices"];

const revision = ({ metadata }: Slice): number => Number(metadata.resourceVersion ?? 0);

/** After this long a write is no longer waited for: somebody undid it while the watch had a gap. */
const timeout = minutes(1);

interface Write {
  /** Undefined for a deletion. */
  readonly revision: number | undefined;
  readonly at: Nanos;
}

/** What was written of services' slices and the cache may not show yet (kubernetes, `endpointslice/util`, EndpointSliceTracker). */
export class SliceWrites {
  readonly #engine: Engine;
  /** By service, then by slice. */
  readonly #of = new Map<string, Map<string, Write>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  wrote(service: string, slice: Slice): void {
    this.#service(service).set(slice.metadata.name ?? "", { revision: revision(slice), at: this.#engine.now });
  }

  removed(service: string, name: string): void {
    this.#service(service).set(name, { revision: undefined, at: this.#engine.now });
  }

  /** The cache shows, or has shown, this of a slice. @returns whether it was this controller's own writing */
  saw(service: string, slice: Slice): boolean {
    const { name = "" } = slice.metadata;
    const writes = this.#of.get(service);
    const written = writes?.get(name)?.revision;
    if (written === undefined || written > revision(slice)) return false;
    writes?.delete(name);
    return written === revision(slice);
  }

  gone(service: string, name: string): boolean {
    const writes = this.#of.get(service);
    const write = writes?.get(name);
    const own = write !== undefined && write.revision === undefined;
    writes?.delete(name);
    return own;
  }

  /** Whether the cache is behind: to pack what it shows would make the same slice twice. */
  pending(service: string): boolean {
    const writes = this.#of.get(service);
    for (const [name, { at }] of writes ?? []) if (this.#engine.now - at > timeout) writes?.delete(name);
    return (writes?.size ?? 0) > 0;
  }

  forget(service: string): void {
    this.#of.delete(service);
  }

  #service(service: string): Map<string, Write> {
    const found = this.#of.get(service);
    if (found !== undefined) return found;
    const made = new Map<string, Write>();
    this.#of.set(service, made);
    return made;
  }
}

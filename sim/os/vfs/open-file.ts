import { E } from "../errno.js";
import { O_ACCMODE, O_APPEND, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY } from "../flags.js";
import type { Channel } from "./inode.js";
import type { Place } from "./mount.js";

/** An open file description, open(2): what descriptors refer to, with the offset that they share. */
export class OpenFile {
  readonly channel: Channel;
  /** Undefined where it has no name: a pipe, a socket. */
  readonly place: Place | undefined;
  /** What /proc/PID/fd shows of what has no name: "pipe:[5]". */
  readonly label: string;
  flags: number;
  offset: number;
  private references: number;

  constructor(channel: Channel, flags: number, place: Place | undefined, label = "") {
    this.channel = channel;
    this.flags = flags;
    this.place = place;
    this.label = label;
    this.offset = 0;
    this.references = 0;
  }

  get readable(): boolean {
    return (this.flags & O_ACCMODE) !== O_WRONLY && (this.flags & O_PATH) === 0;
  }

  get writable(): boolean {
    return (this.flags & O_ACCMODE) !== O_RDONLY && (this.flags & O_PATH) === 0;
  }

  get nonblocking(): boolean {
    return (this.flags & O_NONBLOCK) !== 0;
  }

  get appends(): boolean {
    return (this.flags & O_APPEND) !== 0;
  }

  /** Whether the last descriptor is gone. */
  get closed(): boolean {
    return this.references === 0;
  }

  hold(): this {
    if (this.references++ === 0 && this.place !== undefined) this.place.mount.opens++;
    return this;
  }

  letGo(): void {
    if (--this.references > 0) return;
    if (this.place !== undefined) this.place.mount.opens--;
    this.channel.release?.();
  }
}

interface Descriptor {
  readonly file: OpenFile;
  readonly closeOnExec: boolean;
}

/** A task's descriptors; tasks share a table by CLONE_FILES. */
export class DescriptorTable {
  #slots: (Descriptor | undefined)[] = [];
  #users = 1;

  share(): this {
    this.#users++;
    return this;
  }

  get shared(): boolean {
    return this.#users > 1;
  }

  copy(): DescriptorTable {
    const copy = new DescriptorTable();
    copy.#slots = this.#slots.slice();
    for (const slot of copy.#slots) slot?.file.hold();
    return copy;
  }

  /** Undefined where the number stands for none. */
  find(descriptor: number): OpenFile | undefined {
    return this.#slots[descriptor]?.file;
  }

  /** @throws EBADF */
  file(descriptor: number): OpenFile {
    const file = this.find(descriptor);
    if (file === undefined) throw E.EBADF;
    return file;
  }

  closesOnExec(descriptor: number): boolean {
    return this.#slots[descriptor]?.closeOnExec ?? false;
  }

  /** The lowest free descriptor from `from` on. @throws EMFILE at the limit */
  add(file: OpenFile, closeOnExec: boolean, limit: number, from = 0): number {
    let descriptor = from;
    while (this.#slots[descriptor] !== undefined) descriptor++;
    if (descriptor >= limit) throw E.EMFILE;
    this.#slots[descriptor] = { file: file.hold(), closeOnExec };
    return descriptor;
  }

  /** How many descriptors are in use. */
  get count(): number {
    return this.#slots.reduce((count, slot) => count + (slot === undefined ? 0 : 1), 0);
  }

  /** Puts a file under a descriptor; what was there is closed. */
  set(descriptor: number, file: OpenFile, closeOnExec: boolean): void {
    const before = this.#slots[descriptor];
    this.#slots[descriptor] = { file: file.hold(), closeOnExec };
    before?.file.letGo();
  }

  /** @throws EBADF */
  remove(descriptor: number): void {
    const { file } = this.#slots[descriptor] ?? {};
    if (file === undefined) throw E.EBADF;
    this.#slots[descriptor] = undefined;
    file.letGo();
  }

  /** One user fewer; with the last all files are closed. */
  leave(): void {
    if (--this.#users > 0) return;
    const slots = this.#slots;
    this.#slots = [];
    for (const slot of slots) slot?.file.letGo();
  }

  closeOnExec(): void {
    for (const [descriptor, slot] of this.#slots.entries()) if (slot?.closeOnExec === true) this.remove(descriptor);
  }

  *entries(): Generator<readonly [number, OpenFile], void, void> {
    for (const [descriptor, slot] of this.#slots.entries()) if (slot !== undefined) yield [descriptor, slot.file];
  }
}

import { encodeUtf8 } from "../../core/index.js";
import { executable } from "../../os/index.js";
import { fileEntry, type TarEntry } from "../../userland/index.js";

/** The files of one layer, in the order of their names, with the directories above them. */
export class FileTree {
  readonly #machine: string;
  readonly #mtime: number;
  readonly #entries = new Map<string, TarEntry>();

  /**
   * @param machine the processor that programs are made for, as uname(2) names it
   * @param mtime all files' time, in seconds since 1970
   */
  constructor(machine: string, mtime: number) {
    this.#machine = machine;
    this.#mtime = mtime;
  }

  directory(path: string, mode = 0o755, owner = 0): this {
    const entry = fileEntry(path, nothing, { mode, uid: owner, gid: owner, mtime: this.#mtime });
    return this.#add({ ...entry, type: "directory" });
  }

  text(path: string, content: string, mode = 0o644): this {
    return this.bytes(path, encodeUtf8(content), mode);
  }

  bytes(path: string, content: Uint8Array, mode = 0o644): this {
    return this.#add(fileEntry(path, content, { mode, mtime: this.#mtime }));
  }

  link(path: string, target: string): this {
    return this.#add({ ...fileEntry(path, nothing, { mode: 0o777, mtime: this.#mtime }), type: "symlink", target });
  }

  /** An executable that runs the program of its name, or of another one; `size` bytes long, all but its head a hole. */
  program(path: string, size: number, name: string = path.slice(path.lastIndexOf("/") + 1)): this {
    const head = executable(name, this.#machine);
    return this.#add(
      fileEntry(path, head, { mode: 0o755, mtime: this.#mtime, size: Math.max(head.length, Math.round(size)) }),
    );
  }

  programs(directory: string, names: readonly string[], size: number): this {
    for (const name of names) this.program(`${directory}/${name}`, size);
    return this;
  }

  /** What nobody looks into but what takes room: libraries, data. */
  ballast(path: string, size: number): this {
    return this.#add(fileEntry(path, nothing, { mtime: this.#mtime, size: Math.max(0, Math.round(size)) }));
  }

  get size(): number {
    let sum = 0;
    for (const { size } of this.#entries.values()) sum += size;
    return sum;
  }

  entries(): TarEntry[] {
    return [...this.#entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #add(entry: TarEntry): this {
    const parts = entry.name.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) {
      const above = parts.slice(0, depth).join("/");
      if (!this.#entries.has(above)) this.directory(above);
    }
    this.#entries.set(entry.name, entry);
    return this;
  }
}

const nothing = new Uint8Array(0);

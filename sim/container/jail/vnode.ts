import { concatBytes, encodeUtf8 } from "../../core/index.js";
import { fail } from "./errno.js";

export type VnodeType = "directory" | "file" | "link" | "device";

/** What a device does when it is read. */
export interface Device {
  readonly name: string;
  read(): Uint8Array;
  /** Whether it is a disk: writing to it changes what file systems hold. */
  readonly disk: boolean;
}

/** A file as the kernel has it. A directory knows the one above it: names are the directories' own. */
export class Vnode {
  readonly type: VnodeType;
  readonly names: Map<string, Vnode> = new Map();
  parent: Vnode | undefined;
  content: Uint8Array = new Uint8Array(0);
  target = "";
  device: Device | undefined;
  mode: number;
  uid = 0;
  /** schg: not to be changed, by nobody at securelevel 1. */
  immutable = false;
  /** Which program it is, where it is an executable. */
  program: string | undefined;

  constructor(type: VnodeType, mode: number, parent?: Vnode) {
    this.type = type;
    this.mode = mode;
    this.parent = parent;
  }

  add(name: string, node: Vnode): Vnode {
    if (this.type !== "directory") fail("ENOTDIR");
    if (this.names.has(name)) fail("EEXIST");
    node.parent = this;
    this.names.set(name, node);
    return node;
  }

  /** The bytes of everything below: what a disk with this file system holds. */
  image(): Uint8Array {
    return concatBytes([
      this.content,
      ...[...this.names].flatMap(([name, node]) => [
        encodeUtf8(`${name}\0`),
        node.type === "device" ? none : node.image(),
      ]),
    ]);
  }
}

const none = new Uint8Array(0);

/** Makes a path with all directories above it, for who sets a system up. */
export function plant(root: Vnode, path: string, node: Vnode): Vnode {
  const names = path.split("/").filter((name) => name !== "");
  const last = names.pop();
  let at = root;
  for (const name of names) at = at.names.get(name) ?? at.add(name, new Vnode("directory", 0o755));
  if (last === undefined) return root;
  const there = at.names.get(last);
  if (there !== undefined) return there;
  return at.add(last, node);
}

export function plantText(root: Vnode, path: string, text: string, mode = 0o644): Vnode {
  const node = plant(root, path, new Vnode("file", mode));
  node.content = encodeUtf8(text);
  return node;
}

export function plantProgram(root: Vnode, path: string, program: string): Vnode {
  const node = plantText(root, path, `\x7fELF FreeBSD ${program}\n`, 0o555);
  node.program = program;
  return node;
}

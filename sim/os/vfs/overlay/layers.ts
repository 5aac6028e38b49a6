import { S_IFCHR } from "../../flags.js";
import type { Caller } from "../caller.js";
import type { Creation, FileSystem, Inode } from "../inode.js";

/** What an overlay's inodes ask of it. */
export interface OverlayFs extends FileSystem {
  /** The kernel itself: layers were mounted by it, and no permission of a caller counts in them. */
  readonly kernel: Caller;
  nextInode(): number;
}

/** A name's inodes in the layers: the upper one, and of a directory all that merge, the uppermost first. */
export interface Layers {
  upper: Inode | undefined;
  readonly lower: readonly Inode[];
}

/** Hides what lower layers have in a directory ("y" in this attribute). */
const opaqueName = "trusted.overlay.opaque";
export const overlayPrefix = "trusted.overlay.";

const isOpaque = (directory: Inode): boolean => directory.getXattr(opaqueName)?.[0] === 0x79;

export const makeOpaque = (directory: Inode): void => {
  directory.setXattr(opaqueName, Uint8Array.of(0x79));
};

/** A whiteout: a character device 0/0 hides what the layers below have under its name. */
export const isWhiteout = (inode: Inode): boolean => inode.type === S_IFCHR && inode.rdev === 0;

export const whiteout: Creation = { mode: S_IFCHR, uid: 0, gid: 0, rdev: 0 };

/**
 * What the layers of a directory have under a name: the uppermost one that knows it decides; directories merge with
 * those below, down to an opaque one or something else.
 */
export function lookupLayers(fs: OverlayFs, { upper, lower }: Layers, name: string): Layers | undefined {
  const found: Inode[] = [];
  let foundUpper: Inode | undefined;
  for (const [place, layer] of (upper === undefined ? lower : [upper, ...lower]).entries()) {
    const inode = layer.lookup(name, fs.kernel);
    if (inode === undefined) continue;
    if (isWhiteout(inode)) break;
    const isFirst = foundUpper === undefined && found.length === 0;
    if (!isFirst && !inode.isDirectory) break;
    if (place === 0 && upper !== undefined) foundUpper = inode;
    else found.push(inode);
    if (!inode.isDirectory || isOpaque(inode)) break;
  }
  return foundUpper === undefined && found.length === 0 ? undefined : { upper: foundUpper, lower: found };
}

/** The names in all layers of a directory, without what is hidden. */
export function listLayers(fs: OverlayFs, { upper, lower }: Layers): string[] {
  const names = new Set<string>();
  const hidden = new Set<string>();
  for (const layer of upper === undefined ? lower : [upper, ...lower]) {
    for (const name of layer.list(fs.kernel)) {
      if (names.has(name) || hidden.has(name)) continue;
      const inode = layer.lookup(name, fs.kernel);
      if (inode === undefined) continue;
      if (isWhiteout(inode)) hidden.add(name);
      else names.add(name);
    }
    if (isOpaque(layer)) break;
  }
  return [...names];
}

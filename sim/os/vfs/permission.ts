import { E } from "../errno.js";
import { S_ISVTX } from "../flags.js";
import { capableOver, inGroup, type Credentials } from "../security/credentials.js";
import type { Inode } from "./inode.js";

/** Whether the mode bits, or capabilities over them, allow all of `wanted` (R_OK, W_OK, X_OK): path_resolution(7). */
export function permitted(who: Credentials, inode: Inode, wanted: number): boolean {
  const shift = who.euid === inode.uid ? 6 : inGroup(who, inode.gid) ? 3 : 0;
  if (((inode.mode >> shift) & wanted) === wanted) return true;
  const executes = (wanted & 1) !== 0;
  // Who may override still executes no file that nobody can execute.
  if (inode.isDirectory || !executes || (inode.mode & 0o111) !== 0) {
    if (capableOver(who, inode, "DAC_OVERRIDE")) return true;
  }
  const reads = inode.isDirectory ? (wanted & 2) === 0 : wanted === 4;
  return reads && capableOver(who, inode, "DAC_READ_SEARCH");
}

/** @throws EACCES */
export function demand(who: Credentials, inode: Inode, wanted: number): void {
  if (!permitted(who, inode, wanted)) throw E.EACCES;
}

/** Whether `who` may do what only the owner may. */
export const ownsOrCapable = (who: Credentials, inode: Inode): boolean =>
  who.euid === inode.uid || capableOver(who, inode, "FOWNER");

/** @throws EPERM, EACCES where `victim` may not be removed from `directory`: writable and, if sticky, owned */
export function demandRemoval(who: Credentials, directory: Inode, victim: Inode): void {
  demand(who, directory, 3);
  if ((directory.mode & S_ISVTX) === 0) return;
  if (who.euid === victim.uid || who.euid === directory.uid || capableOver(who, victim, "FOWNER")) return;
  throw E.EPERM;
}

import { E } from "../errno.js";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from "../flags.js";
import type { CachedFile } from "../memory/page-cache.js";
import { Content } from "./content.js";
import type { Creation } from "./inode.js";

/** Who pays for pages of memory; throws ENOMEM where they are refused. */
export interface PageAccount {
  charge(pages: number): void;
  uncharge(pages: number): void;
}

/** What an inode of a tmpfs is, by its kind. */
export type Body<I> =
  | { readonly kind: "file"; content: Content; payer: PageAccount | undefined; cached: CachedFile | undefined }
  | {
      readonly kind: "directory";
      entries: Map<string, I>;
      parent: I | undefined;
      name: string | undefined;
    }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "special"; readonly rdev: number };

/** @throws EINVAL for a type that there isn't */
export function bodyOf<I>(creation: Creation, parent: I | undefined, name: string | undefined): Body<I> {
  switch (creation.mode & S_IFMT) {
    case S_IFDIR:
      return { kind: "directory", entries: new Map(), parent, name };
    case S_IFLNK:
      return { kind: "link", target: creation.target ?? "" };
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
      return { kind: "special", rdev: creation.rdev ?? 0 };
    case S_IFREG:
      return { kind: "file", content: new Content(), payer: undefined, cached: undefined };
    default:
      throw E.EINVAL;
  }
}

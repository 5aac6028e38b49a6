import { E } from "../errno.js";
import {
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from "../flags.js";
import type { Caller } from "./caller.js";
import type { Inode } from "./inode.js";
import type { Place } from "./mount.js";
import { demand } from "./permission.js";

/** A link that leads to a place, whatever its text says: /proc/PID/root, /proc/PID/fd/N, /proc/PID/ns/KIND. */
interface MagicLink {
  follow(caller: Caller): Place;
}

const isMagic = (inode: Inode): inode is Inode & MagicLink => "follow" in inode;

/** From where a path is walked. */
export interface Walker extends Caller {
  readonly root: Place;
  readonly cwd: Place;
}

export interface Resolution {
  /** Whether a link at the end is followed. Default true. */
  readonly follow?: boolean;
  /** Whether the last name itself is meant, to be made, removed or moved: then a link is one even with a "/" behind it. */
  readonly itself?: boolean;
  /** RESOLVE_… of openat2(2). */
  readonly restrict?: number;
}

/** Where a path leads: what is there, or the directory in which it would be. */
export interface Target {
  /** Undefined where nothing is there. */
  readonly place: Place | undefined;
  readonly directory: Place;
  /** The last name; "." or ".." or "/" where the path ends in these. */
  readonly name: string;
  /** Whether the path demands a directory by a "/" at its end. */
  readonly slash: boolean;
}

/** 255 bytes (NAME_MAX), 4096 with the zero (PATH_MAX), 40 links (MAXSYMLINKS): limits.h, namei.c. */
const nameMax = 255;
const pathMax = 4096;
const linksMax = 40;

/** Goes to what covers a place, and what covers that. */
export function topmost(place: Place): Place {
  let { mount, inode } = place;
  if (mount.children === undefined) return place;
  let over = mount.over(inode);
  if (over === undefined) return place;
  for (; over !== undefined; over = mount.over(inode)) {
    mount = over;
    inode = over.root;
  }
  return {
    mount,
    inode,
    ...(place.directory && { directory: place.directory }),
    ...(place.name !== undefined && { name: place.name }),
  };
}

/** Parts of a path that lead nowhere: of "//" and "/./". */
const isNothing = (name: string | undefined): boolean => name === "" || name === ".";

const same = (a: Place, b: Place): boolean => a.mount === b.mount && a.inode === b.inode;

/** One directory up: never above the walker's root; at a mount's root, out of what it covers. */
function above(root: Place, place: Place): Place {
  let { mount, inode } = place;
  for (;;) {
    if (mount === root.mount && inode === root.inode) return root;
    if (inode !== mount.root) return topmost({ mount, inode: inode.parent });
    if (mount.parent === undefined || mount.place === undefined) return { mount, inode };
    inode = mount.place;
    mount = mount.parent;
  }
}

/**
 * Walks a path, path_resolution(7).
 * @param base from where a relative path goes
 * @throws ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG; EXDEV where `restrict` forbids the way
 */
export function resolve(walker: Walker, path: string, options: Resolution = {}, base: Place = walker.cwd): Target {
  return new Walk(walker, options, base).run(path);
}

class Walk {
  readonly #walker: Walker;
  readonly #follow: boolean;
  readonly #itself: boolean;
  readonly #restrict: number;
  readonly #base: Place;
  readonly #root: Place;
  #links = 0;

  constructor(walker: Walker, { follow = true, itself = false, restrict = 0 }: Resolution, base: Place) {
    this.#walker = walker;
    this.#follow = follow && !itself;
    this.#itself = itself;
    this.#restrict = restrict;
    this.#base = base;
    this.#root = (restrict & RESOLVE_IN_ROOT) !== 0 ? base : walker.root;
  }

  run(path: string): Target {
    if (path === "") throw E.ENOENT;
    return this.#walk(path, this.#base);
  }

  #walk(path: string, start: Place): Target {
    if (path.length >= pathMax) throw E.ENAMETOOLONG;
    let at = start;
    const absolute = path.startsWith("/");
    if (absolute) {
      if ((this.#restrict & RESOLVE_BENEATH) !== 0) throw E.EXDEV;
      at = topmost(this.#root);
      this.#crossed(start, at);
    }
    const names = path.split("/");
    let last = names.length - 1;
    while (last >= 0 && isNothing(names[last])) last--;
    if (last < 0) return { place: at, directory: at, name: absolute ? "/" : ".", slash: true };
    // What stands behind the last name asks for a directory: "/" any number of times, and perhaps ".".
    const slash = last < names.length - 1;
    const dot = slash && names.includes(".", last + 1);
    for (let index = 0; index <= last; index++) {
      const name = names[index];
      if (name === undefined || isNothing(name)) continue;
      this.#demandDirectory(at);
      const isLast = index === last && !dot;
      if (name === "..") {
        at = this.#up(at);
        if (isLast) return { place: at, directory: at, name, slash: true };
        continue;
      }
      if (name.length > nameMax) throw E.ENAMETOOLONG;
      const found = at.inode.lookup(name, this.#walker);
      if (found === undefined) {
        if (!isLast) throw E.ENOENT;
        return { place: undefined, directory: at, name, slash };
      }
      if (found.isLink && (!isLast || this.#follow || (slash && !this.#itself))) {
        const target = this.#link(at, found);
        // A dangling link: what is missing is at the link's end, and may be created there.
        if (isLast) return slash ? this.#directory(target) : target;
        if (target.place === undefined) throw E.ENOENT;
        at = target.place;
        continue;
      }
      const { mount } = at;
      const place = topmost(found.isDirectory ? { mount, inode: found } : { mount, inode: found, directory: at, name });
      this.#crossed(at, place);
      if (isLast) {
        const target = { place, directory: at, name, slash };
        return slash && !this.#itself ? this.#directory(target) : target;
      }
      at = place;
    }
    this.#demandDirectory(at);
    return { place: at, directory: at, name: ".", slash: true };
  }

  /** @throws ENOTDIR, EACCES for what can't be looked into */
  #demandDirectory({ inode }: Place): void {
    if (!inode.isDirectory) throw E.ENOTDIR;
    demand(this.#walker.credentials, inode, 1);
  }

  #directory(target: Target): Target {
    if (target.place !== undefined && !target.place.inode.isDirectory) throw E.ENOTDIR;
    return { ...target, slash: true };
  }

  #up(at: Place): Place {
    if ((this.#restrict & RESOLVE_BENEATH) !== 0 && same(at, this.#base)) throw E.EXDEV;
    const up = above(this.#root, at);
    this.#crossed(at, up);
    return up;
  }

  #link(directory: Place, link: Inode): Target {
    if ((this.#restrict & RESOLVE_NO_SYMLINKS) !== 0 || ++this.#links > linksMax) throw E.ELOOP;
    if (isMagic(link)) {
      if ((this.#restrict & RESOLVE_NO_MAGICLINKS) !== 0) throw E.ELOOP;
      if ((this.#restrict & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) !== 0) throw E.EXDEV;
      const place = link.follow(this.#walker);
      return { place, directory: place.directory ?? directory, name: place.name ?? ".", slash: false };
    }
    const text = link.readlink(this.#walker);
    if (text === "") throw E.ENOENT;
    return this.#walk(text, directory);
  }

  #crossed(from: Place, to: Place): void {
    if ((this.#restrict & RESOLVE_NO_XDEV) !== 0 && from.mount !== to.mount) throw E.EXDEV;
  }
}

/**
 * The path of a place from a root, as getcwd(2) and /proc show it: "(unreachable)…" where the root is not above it,
 * " (deleted)" behind what was removed.
 */
export function pathOf(place: Place, root: Place, caller: Caller): string {
  let { mount, inode } = place;
  let path = "";
  let deleted = "";
  if (!inode.isDirectory && inode !== mount.root && place.directory !== undefined && place.name !== undefined) {
    path = `/${place.name}`;
    if (place.directory.inode.lookup(place.name, caller) !== inode) deleted = " (deleted)";
    ({ mount, inode } = place.directory);
  }
  for (;;) {
    if (mount === root.mount && inode === root.inode) return (path === "" ? "/" : path) + deleted;
    if (inode !== mount.root) {
      if (!inode.isDirectory) return `(unreachable)${path}`;
      if (inode.name === undefined) deleted = " (deleted)";
      path = `/${inode.name ?? ""}${path}`;
      inode = inode.parent;
    } else if (mount.parent === undefined || mount.place === undefined) {
      return `(unreachable)${path === "" ? "/" : path}${deleted}`;
    } else {
      if (mount.placeName !== undefined) path = `/${mount.placeName}${path}`;
      inode = mount.placeDirectory ?? mount.place;
      mount = mount.parent;
    }
  }
}

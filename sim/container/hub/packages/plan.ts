import type { FileTree } from "../filesystem.js";

/** How one distribution has a package. */
export interface Variant {
  readonly version: string;
  /** Names, with a relation where there is one, as the distribution writes them. */
  readonly depends?: readonly string[];
  /** Debian's: installed with it unless somebody says no. */
  readonly recommends?: readonly string[];
  /** Names that it stands for beside its own. */
  readonly provides?: readonly string[];
  /** Debian's section. */
  readonly section?: string;
  /** Debian's: never removed without a word. */
  readonly essential?: boolean;
  /** Whether base images have it. */
  readonly base?: boolean;
  /** How much it takes on a disk, where its files aren't all of it: a base image's. */
  readonly size?: number;
  readonly files: (tree: FileTree) => FileTree;
  /** Scripts by their names in the archive: ".pre-install", "postinst". */
  readonly scripts?: Readonly<Record<string, string>>;
  /** Alpine's: directories whose change runs the script ".trigger". */
  readonly triggers?: readonly string[];
  /** Debian's: files of /etc that are the administrator's from then on. */
  readonly conffiles?: readonly string[];
}

/** A package of the simulated repositories, as each distribution has it. */
export interface PackagePlan {
  readonly name: string;
  readonly summary: string;
  readonly homepage: string;
  readonly license: string;
  readonly alpine?: Variant;
  readonly debian?: Variant;
}

/** When all packages were built: a moment before the images (RFC 3339: 2024-09-06T12:00:00Z). */
export const built = 1_725_624_000;

/** A library with the name that programs look for; it holds nothing, and takes so many bytes. */
export const library =
  (file: string, size: number, directory = "usr/lib") =>
  (tree: FileTree): FileTree => {
    const short = file.replace(/^(.*\.so\.\d+)\..*$/, "$1");
    const placed = tree.ballast(`${directory}/${file}`, size);
    return short === file ? placed : placed.link(`${directory}/${short}`, file);
  };

/** Debian's place for libraries; that of all processors here, so that one table serves them. */
export const debianLibrary = (file: string, size: number): ((tree: FileTree) => FileTree) => library(file, size);

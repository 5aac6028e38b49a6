import type { Activity } from "../../core/index.js";
import type { Image } from "../image/image.js";
import type { Layer } from "../image/layer.js";
import type { TarEntry } from "../../userland/index.js";

/** What is mounted for one RUN alone. */
export interface StepMount {
  readonly target: string;
  readonly readonly: boolean;
  /** Files that are to be there; a directory that is kept by this name from build to build; an empty one in memory. */
  readonly content: readonly TarEntry[] | { readonly cache: string } | "tmpfs";
}

/** A command to be executed in a container of its own. */
export interface RunStep {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  /** As USER says it; undefined is root. */
  readonly user: string | undefined;
  readonly mounts: readonly StepMount[];
  /** What it prints, as it comes. */
  readonly output: (bytes: Uint8Array) => void;
}

/** What a build needs of the engine that it runs in. */
export interface BuildWorker {
  /** OCI's name of the processor: "amd64". */
  readonly architecture: string;
  /** An image by name: as the store has it, or pulled. @throws UsageError where there is none */
  image(reference: string): Activity<Image>;
  /** A layer's blob, of an image that `image` gave. */
  blob(digest: string): Uint8Array;
  /**
   * Executes a command on top of layers, the lowest first, and gives its exit status, and what it changed as a layer's entries.
   * What it mounts isn't among these.
   */
  run(
    layers: readonly Layer[],
    step: RunStep,
  ): Activity<{ readonly status: number; readonly changes: readonly TarEntry[] }>;
  /** What is behind an address, for ADD. Undefined: ADD refuses addresses. */
  readonly fetch: ((address: string) => Activity<Uint8Array>) | undefined;
  /** The time, as RFC 3339 writes it. */
  now(): Activity<string>;
}

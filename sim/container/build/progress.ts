import type { Image } from "../image/image.js";
import type { TarEntry } from "../../userland/index.js";

/** What a build tells while it goes on. */
export type BuildEvent =
  | { readonly kind: "step"; readonly index: number; readonly count: number; readonly text: string }
  | { readonly kind: "looked"; readonly cached: boolean; readonly why: string }
  | { readonly kind: "output"; readonly bytes: Uint8Array }
  | { readonly kind: "made"; readonly id: string }
  | { readonly kind: "warning"; readonly text: string };

/** A step, as it went. */
export interface StepReport {
  readonly stage: string;
  readonly line: number;
  readonly text: string;
  /** Undefined for what makes no layer and costs nothing. */
  readonly cached: boolean | undefined;
  readonly why: string;
  /** Bytes of the files in its layer, holes included. */
  readonly size: number;
}

export interface BuildOptions {
  readonly dockerfile: string;
  /** What COPY and ADD find. */
  readonly context: readonly TarEntry[];
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Executes every step; what it makes is remembered all the same. */
  readonly noCache?: boolean;
  readonly tell?: (event: BuildEvent) => void;
}

export interface Built {
  readonly image: Image;
  readonly steps: readonly StepReport[];
}

import type { Program, Sys } from "../os/index.js";
import { sh } from "./shell/sh.js";

/** Every program of this userland. */
export const programs: readonly Program<Sys>[] = [sh];

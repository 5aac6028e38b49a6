import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { kernelCommand } from "../runner/index.js";
import { logo } from "./logo.js";
import { unwritable, writeWhole } from "./write-whole.js";

/** `kernel.json` (jupyter-client.readthedocs.io/en/stable/kernels.html#kernel-specs). */
export interface KernelSpec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: "message" | "signal";
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The folder of our kernelspec in a Jupyter data folder. */
export const specFolder = (dataFolder: string): string => join(dataFolder, "kernels", "virtlab");

/**
 * The spec that starts this copy of virtlab with this Node. Every path in it is absolute: clients start kernels from
 * anywhere, and VS Code hides a spec whose program it doesn't find.
 */
export function kernelSpec(): KernelSpec {
  return {
    argv: kernelCommand(),
    display_name: "TypeScript (virtlab)",
    language: "typescript",
    interrupt_mode: "message",
    metadata: { debugger: true },
  };
}

/** The spec in a folder; undefined where there is none that can be read. */
export function readSpec(folder: string): KernelSpec | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8")) as KernelSpec;
  } catch {
    return undefined;
  }
}

/**
 * Writes the kernelspec, over what an earlier installation left.
 * @returns its folder
 * @throws UsageError where it can't be written
 */
export function writeSpec(dataFolder: string): string {
  const folder = specFolder(dataFolder);
  try {
    mkdirSync(folder, { recursive: true });
    writeWhole(join(folder, "logo-svg.svg"), logo);
    writeWhole(join(folder, "kernel.json"), `${JSON.stringify(kernelSpec(), undefined, 2)}\n`);
  } catch (error) {
    throw unwritable(folder, error);
  }
  return folder;
}

/**
 * Removes the kernelspec.
 * @returns its folder, undefined where there was none
 */
export function removeSpec(dataFolder: string): string | undefined {
  const folder = specFolder(dataFolder);
  if (readSpec(folder) === undefined) return undefined;
  try {
    rmSync(folder, { recursive: true });
  } catch (error) {
    throw unwritable(dirname(folder), error);
  }
  return folder;
}

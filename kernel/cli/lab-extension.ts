import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageFolder } from "../runner/index.js";
import { unwritable } from "./write-whole.js";

/** The name under which Jupyter knows it. */
const name = "virtlab";

/**
 * The plotly renderer that the package brings for other people's JupyterLab 4 and Notebook 7, as kernel/ui builds it;
 * the folder is missing in a checkout whose interface isn't built.
 */
export const builtExtension = (): string => join(packageFolder(), "dist", "ui", "labextension");

/** Its folder in a Jupyter data folder. */
export const extensionFolder = (dataFolder: string): string => join(dataFolder, "labextensions", name);

/**
 * The script that loads an extension, relative to its folder: its name changes with what it draws. Undefined where there
 * is none of ours, or a part of one.
 */
export function extensionEntry(folder: string): string | undefined {
  try {
    const { name: found, jupyterlab } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      name: string;
      jupyterlab: { _build: { load: string } };
    };
    const { load } = jupyterlab._build;
    return found === name && existsSync(join(folder, load)) ? load : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Puts the renderer where Jupyter looks, in place of what an earlier installation left.
 * @returns its folder, undefined where the renderer isn't built
 * @throws UsageError where it can't be written
 */
export function writeExtension(dataFolder: string): string | undefined {
  const source = builtExtension();
  if (extensionEntry(source) === undefined) return undefined;
  const folder = extensionFolder(dataFolder);
  // Jupyter overlooks names with a dot, so it never finds a part of one.
  const part = join(dirname(folder), `.${name}.${process.pid}.part`);
  try {
    mkdirSync(dirname(folder), { recursive: true });
    cpSync(source, part, { recursive: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(part, folder);
  } catch (error) {
    throw unwritable(folder, error);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Removes the renderer.
 * @returns its folder, undefined where there was none
 */
export function removeExtension(dataFolder: string): string | undefined {
  const folder = extensionFolder(dataFolder);
  if (extensionEntry(folder) === undefined) return undefined;
  try {
    rmSync(folder, { recursive: true });
  } catch (error) {
    throw unwritable(dirname(folder), error);
  }
  return folder;
}

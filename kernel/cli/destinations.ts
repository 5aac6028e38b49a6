import { accessSync, constants, existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { UsageError } from "../../sim/core/index.js";

/** Where the results of one notebook go. */
export interface Destination {
  readonly source: string;
  readonly output?: string;
  readonly html?: string;
}

const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();

/** One path per source: into a folder by the notebook's name, or the one file that was named. */
function spread(option: string, given: string, extension: string, sources: readonly string[]): readonly string[] {
  const isFile = !isFolder(given) && extname(given) === extension;
  if (!isFile) return sources.map((source) => join(given, `${basename(source, ".ipynb")}${extension}`));
  if (sources.length === 1) return [given];
  throw new UsageError(
    `${option} ${given} is one file, and ${sources.length} notebooks run`,
    `Give a folder: ${option} DIR.`,
  );
}

/** The path with its links followed as far as it exists. */
function real(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) ? realpathSync(whole) : join(real(dirname(whole)), basename(whole));
}

/** Whether both paths lead to one file, be it through links of either kind. */
function isSame(a: string, b: string): boolean {
  if (real(a) === real(b)) return true;
  if (!existsSync(a) || !existsSync(b)) return false;
  const [left, right] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })];
  return left.ino !== 0n && left.ino === right.ino && left.dev === right.dev;
}

function checkApart(option: string, targets: readonly string[], sources: readonly string[]): void {
  const seen = new Set<string>();
  for (const target of targets) {
    const input = sources.find((source) => isSame(source, target));
    if (input !== undefined) {
      throw new UsageError(`${option} would overwrite the notebook ${input}`, "Give another file or folder.");
    }
    if (seen.has(real(target))) {
      throw new UsageError(`two notebooks would be written to ${target}`, "Run them one after the other.");
    }
    seen.add(real(target));
  }
}

function prepareFolder(option: string, target: string): void {
  const folder = dirname(target);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`${folder} cannot be written (${code ?? String(error)})`, `Give another place to ${option}.`);
  }
}

/**
 * Decides where everything goes, and makes the folders, before anything runs.
 * @throws UsageError where a notebook would be overwritten, two results would be one file, or a place can't be written
 */
export function planDestinations(
  sources: readonly string[],
  output: string | undefined,
  html: string | undefined,
): readonly Destination[] {
  const plan = (option: string, given: string | undefined, extension: string): readonly string[] => {
    if (given === undefined) return [];
    const targets = spread(option, given, extension, sources);
    checkApart(option, targets, sources);
    return targets;
  };
  const outputs = plan("--output", output, ".ipynb");
  const pages = plan("--html", html, ".html");
  for (const target of outputs) prepareFolder("--output", target);
  for (const target of pages) prepareFolder("--html", target);
  return sources.map((source, i) => {
    const [notebook, page] = [outputs[i], pages[i]];
    return {
      source,
      ...(notebook === undefined ? {} : { output: notebook }),
      ...(page === undefined ? {} : { html: page }),
    };
  });
}

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../sim/core/index.js";
import { injectParameters, readNotebook, type Notebook, type Parameters } from "../runner/index.js";

/** A notebook that is going to run. */
export interface Source {
  /** As it was given, or as its folder was. */
  readonly path: string;
  readonly notebook: Notebook;
}

const unreadable = (path: string, error: unknown): UsageError => {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT"
    ? new UsageError(`there is no ${path}`, "Give notebooks (.ipynb) or folders that hold some.")
    : new UsageError(`${path} cannot be read (${code ?? String(error)})`, "Mend its permissions.");
};

/** A folder stands for the notebooks in it, by name. */
function expand(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const inside = readdirSync(path, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && entry.name.endsWith(".ipynb"))
      .map(({ name }) => join(path, name))
      .sort();
    if (inside.length > 0) return inside;
  } catch (error) {
    throw unreadable(path, error);
  }
  throw new UsageError(`${path} holds no notebook`, "Give notebooks (.ipynb) or folders that hold some.");
}

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${path} is not UTF-8 text, so it is no notebook`, "Give a notebook (.ipynb).");
  }
}

/** `name=value`; a value that is JSON is that value, any other is a string. */
export function parseParameters(given: readonly string[]): Parameters {
  const entries = given.map((parameter): [string, unknown] => {
    const [, name, value] = /^([\p{ID_Start}$_][\p{ID_Continue}$]*)=(.*)$/su.exec(parameter) ?? [];
    if (name === undefined || value === undefined) {
      throw new UsageError(`"${parameter}" is no parameter`, "Give it as -p name=value.");
    }
    try {
      return [name, JSON.parse(value)];
    } catch {
      return [name, value];
    }
  });
  return Object.fromEntries(entries);
}

/**
 * Reads every notebook before any runs, so that a mistake in the last costs no run of the first.
 * @throws UsageError where one is missing, is no notebook or doesn't take the parameters
 */
export function readSources(paths: readonly string[], parameters: Parameters): readonly Source[] {
  if (paths.length === 0) throw new UsageError("run needs a notebook", "Give one: virtlab run NOTEBOOK.ipynb.");
  return paths.flatMap(expand).map((path) => {
    const notebook = readNotebook(readText(path), path);
    return { path, notebook: injectParameters(notebook, parameters, path) };
  });
}

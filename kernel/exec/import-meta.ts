import { pathToFileURL } from "node:url";

/** `import.meta` of a cell or a local file. */
export interface ImportMeta {
  readonly dirname: string;
  readonly filename: string;
  readonly url: string;
  /** A specifier → the URL of the module that it means there. */
  resolve(specifier: string): string;
}

export function importMeta(
  filename: string,
  dirname: string,
  resolve: (specifier: string, folder: string) => string,
): ImportMeta {
  return { dirname, filename, url: pathToFileURL(filename).href, resolve: (specifier) => resolve(specifier, dirname) };
}

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);

/** The folder of this package, wherever it is installed, built or not. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  const manifest = join(folder, "package.json");
  if (existsSync(manifest)) {
    const { name } = JSON.parse(readFileSync(manifest, "utf8")) as { name?: string };
    if (name === "virtlab") return folder;
  }
  const above = dirname(folder);
  if (above === folder) throw new Error(`no package.json of virtlab above ${import.meta.url}`);
  return findRoot(above);
}

/**
 * Declaration files of packages that a cell gets from us, whatever its folder has installed: found from here, not by
 * the luck of where npm hoisted them to.
 */
export function ownPackages(): Readonly<Record<string, string>> {
  return {
    virtlab: join(packageRoot, "dist/kernel/api/index.d.ts"),
    tslab: join(dirname(require.resolve("tslab/package.json")), "dist/public.d.ts"),
  };
}

/** Modules of Node that few cells import; their declarations, a quarter of all, are loaded when one does. */
const rare = new Set([
  "cluster",
  "diagnostics_channel",
  "domain",
  "http2",
  "inspector",
  "punycode",
  "repl",
  "sea",
  "test",
  "trace_events",
  "v8",
  "wasi",
]);

export interface NodeTypes {
  /** The folder of our own @types/node. */
  readonly folder: string;
  /** A file that stands for the package's entry: without the rare modules. */
  readonly entry: string;
  readonly text: string;
  /** Rare module → the file that declares it. */
  readonly rare: ReadonlyMap<string, string>;
}

export function nodeTypes(): NodeTypes {
  const folder = dirname(require.resolve("@types/node/package.json"));
  const files = new Map<string, string>();
  const lines = readFileSync(join(folder, "index.d.ts"), "utf8").split("\n");
  const kept = lines.filter((line) => {
    const [, file = "", name = ""] = /^\/\/\/ <reference path="(([\w]+)(?:\.generated)?\.d\.ts)"/.exec(line) ?? [];
    if (!rare.has(name)) return true;
    files.set(name, join(folder, file));
    return false;
  });
  return { folder, entry: join(folder, "virtlab-index.d.ts"), text: kept.join("\n"), rare: files };
}

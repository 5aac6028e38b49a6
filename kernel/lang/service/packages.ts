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
export function ownPackages(): { readonly types: Readonly<Record<string, string>>; readonly nodeTypes: string } {
  return {
    types: {
      virtlab: join(packageRoot, "dist/kernel/api/index.d.ts"),
      tslab: join(dirname(require.resolve("tslab/package.json")), "dist/public.d.ts"),
    },
    nodeTypes: join(dirname(require.resolve("@types/node/package.json")), "index.d.ts"),
  };
}

import { spawnSync } from "node:child_process";
import type { TestContext } from "vitest";

const modules = ["jupyter_client", "nbclient", "nbconvert", "nbformat"];

/** The Python that has Jupyter's clients, or why there is none. */
type Found = { readonly path: string } | { readonly missing: string };

function find(wanted: readonly string[]): Found {
  const path = process.env["VIRTLAB_PYTHON"] ?? "python3";
  const { status, stderr, error } = spawnSync(path, ["-c", `import ${wanted.join(", ")}`], { encoding: "utf8" });
  if (status === 0) return { path };
  const why = error?.message ?? stderr.trim().split("\n").at(-1) ?? "";
  const mend = `python3 -m venv V && V/bin/pip install ${wanted.join(" ")}, then VIRTLAB_PYTHON=V/bin/python3`;
  return { missing: `${path} has not what it takes (${why}). ${mend}` };
}

/**
 * The Python with Jupyter's clients and the further modules; the test is skipped, saying why and what mends it, where
 * there is none.
 */
export function pythonOf(
  { skip }: TestContext,
  further: readonly string[] = [],
  clients: readonly string[] = modules,
): string {
  const found = find([...clients, ...further]);
  if ("missing" in found) return skip(found.missing);
  return found.path;
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const folder = mkdtempSync(join(tmpdir(), "virtlab-mutants-"));
process.once("exit", () => {
  rmSync(folder, { recursive: true, force: true });
});
const sources = join(import.meta.dirname, "../../../../sim/machine");
let made = 0;

/** A mistake in one file of sim/machine: a text that stands there once, and what stands there instead. */
export interface Mistake {
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

/** A module of this folder, with all of the machine that it imports and the mistake in it. */
export async function mutated(module: string, { file, right, wrong }: Mistake): Promise<unknown> {
  const path = join(sources, file);
  if (readFileSync(path, "utf8").split(right).length !== 2) throw new Error(`${file} has not once: ${right}`);
  const plant = {
    name: "plant",
    transform: (code: string, id: string) => (id === path ? code.replace(right, () => wrong) : null),
  };
  const bundle = await rolldown({
    input: join(import.meta.dirname, module),
    platform: "node",
    plugins: [plant],
    // Sources are imported by the names that they have once compiled.
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  const output = join(folder, `${made++}.mjs`);
  await bundle.write({ file: output, format: "esm", codeSplitting: false });
  await bundle.close();
  return import(/* @vite-ignore */ pathToFileURL(output).href);
}

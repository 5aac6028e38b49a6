/**
 * Joins the modules that a kernel's start needs into one file for each thread, under dist/kernel/start. What cells share
 * with the kernel (virtlab's API, the simulator) stays in modules of its own: each exists once.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const kernel = join(dirname(fileURLToPath(import.meta.url)), "..", "dist", "kernel");
const folder = join(kernel, "start");
/** kernel-process comes last: it is what tells how old the files are. */
const entries = ["session/protocol-worker.js", "cli/cells.js", "cli/kernel-process.js"];
/** What is imported when the need arises stays where it is; so do packages and Node's modules. */
const later = {
  name: "later",
  resolveDynamicImport: (specifier) => (typeof specifier === "string" ? { id: specifier, external: true } : null),
};
const isPackage = (id) => !/^[./]/.test(id);

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }\n');
for (const entry of entries) {
  const input = join(kernel, entry);
  // Only the entries do anything when they are loaded: a module of which nothing is used may be left out.
  const treeshake = { moduleSideEffects: (id) => id === input };
  const bundle = await rolldown({ input, platform: "node", external: isPackage, plugins: [later], treeshake });
  await bundle.write({
    file: join(folder, entry.split("/").at(-1)),
    format: "cjs",
    codeSplitting: false,
    // What it imports is the joined file beside it. `import()` of CommonJS has Node read the whole text for the names that
    // it exports: 35 ms of processor time. The others import modules of the language's own.
    dynamicImportInCjs: entry !== "cli/kernel-process.js",
  });
  await bundle.close();
}

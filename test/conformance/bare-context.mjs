/**
 * Runs a scenario on the built simulator in a context that has the language and nothing else: no Node, no DOM.
 * Prints what came out. To be run with --experimental-vm-modules.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createContext, SourceTextModule } from "node:vm";
import { scenario } from "./scenario.mjs";

const context = createContext(Object.create(null));
const modules = new Map();

/** One module for each file, linked to the files that it names. */
function load(path) {
  let module = modules.get(path);
  if (module === undefined) {
    module = new SourceTextModule(readFileSync(path, "utf8"), { identifier: path, context });
    modules.set(path, module);
  }
  return module;
}

const lab = load(join(import.meta.dirname, "..", "..", "dist", "sim", "lab", "index.js"));
await lab.link((specifier, referrer) => {
  if (!specifier.startsWith(".")) throw new Error(`${referrer.identifier} imports ${specifier}`);
  return load(resolve(dirname(referrer.identifier), specifier));
});
await lab.evaluate();
console.log(scenario(lab.namespace));

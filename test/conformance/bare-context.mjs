/**
 * Runs a scenario on the built simulator in a context that has the language and no host: no Node, no DOM. Text decoding is
 * there, which the shell's parser asks for and every host has (encoding.spec.whatwg.org); our own code has no type for it.
 * Prints what came out. To be run with --experimental-vm-modules.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, SourceTextModule } from "node:vm";
import { scenario } from "./scenario.mjs";

const context = createContext(Object.assign(Object.create(null), { TextDecoder }));
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

/** Packages that run anywhere; what they import has to do so, too. */
const packages = ["fflate/browser", "@noble/hashes/sha2.js", "@noble/hashes/legacy.js", "unbash", "js-yaml"];

function find(specifier, referrer) {
  if (specifier.startsWith(".")) return load(resolve(dirname(referrer.identifier), specifier));
  if (packages.includes(specifier)) return load(fileURLToPath(import.meta.resolve(specifier)));
  throw new Error(`${referrer.identifier} imports ${specifier}`);
}

/** The lab stands on every room. */
const lab = load(join(import.meta.dirname, "..", "..", "dist", "sim", "lab", "index.js"));
await lab.link(find);
await lab.evaluate();
console.log(scenario(lab.namespace));

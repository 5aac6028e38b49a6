import { join, resolve, sep } from "node:path";
import { UsageError } from "../../sim/core/index.js";
import { builtKernelProgram } from "../runner/index.js";
import type { Arguments, CommandSpec } from "./arguments.js";
import { userDataFolder } from "./data-folder.js";
import { removeExtension, writeExtension } from "./lab-extension.js";
import { readSpec, removeSpec, specFolder, writeSpec } from "./kernelspec.js";
import { line, type Terminal } from "./terminal.js";

const options = {
  user: { help: "for the current user (the default)" },
  prefix: { takes: "DIR", help: "into DIR/share/jupyter, as for a virtual environment" },
};

export const installSpec: CommandSpec = {
  name: "install",
  summary: "Tell Jupyter and VS Code where the kernel is, and JupyterLab how to draw its plots.",
  options,
};

export const uninstallSpec: CommandSpec = {
  name: "uninstall",
  summary: "Take the kernel out of Jupyter's list again, and the drawing of plots out of JupyterLab.",
  options,
};

function chosenFolder(args: Arguments, { env }: Terminal): string {
  const prefix = args.one("prefix");
  if (prefix === undefined) return userDataFolder(process.platform, env);
  if (args.has("user")) throw new UsageError("--user and --prefix exclude each other", "Give one of them.");
  return resolve(prefix, "share", "jupyter");
}

export function install(args: Arguments, terminal: Terminal): number {
  const dataFolder = chosenFolder(args, terminal);
  const program = builtKernelProgram();
  const before = readSpec(specFolder(dataFolder))?.argv.find((arg) => /kernel\.c?js$/.test(arg));
  const folder = writeSpec(dataFolder);
  line(terminal.out, `Installed the kernel "TypeScript (virtlab)" in ${folder}`);
  const extension = writeExtension(dataFolder);
  if (extension !== undefined) line(terminal.out, `Installed JupyterLab's renderer of plots in ${extension}`);
  else line(terminal.err, "virtlab: JupyterLab's renderer of plots is not built. npm run build, then install again.");
  if (before !== undefined && before !== program) line(terminal.out, `It replaces the one of ${before}`);
  if (program.includes(`${sep}_npx${sep}`)) {
    line(terminal.err, "virtlab: this copy lives in npx's cache, which npm may empty. npm install virtlab keeps one.");
  }
  line(terminal.out, 'Next: open a notebook in JupyterLab or VS Code and choose "TypeScript (virtlab)",');
  line(terminal.out, "or run one here: virtlab run NOTEBOOK.ipynb. virtlab doctor checks the whole.");
  return 0;
}

export function uninstall(args: Arguments, terminal: Terminal): number {
  const dataFolder = chosenFolder(args, terminal);
  const removed = [removeSpec(dataFolder), removeExtension(dataFolder)].filter((folder) => folder !== undefined);
  for (const folder of removed) line(terminal.out, `Removed ${folder}`);
  if (removed.length === 0) line(terminal.out, `There is no virtlab kernel in ${join(dataFolder, "kernels")}`);
  return 0;
}

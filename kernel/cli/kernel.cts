/**
 * What the kernelspec starts: `node OPTIONS kernel.cjs CONNECTION_FILE`, where OPTIONS are those of runner's `kernelCommand`.
 *
 * The kernel's process is made of kernel-process, its protocol worker and, once a client has been greeted, cells. The
 * build joins the modules of each into one file of `start/`, as CommonJS: that halves the time until the client is
 * answered. Where these files are absent or older than what was compiled, the modules themselves run.
 */
const { statSync } = process.getBuiltinModule("node:fs");

const dist = `${__dirname}/../..`;
const time = (file: string): number => statSync(`${dist}/${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

// The published package has no compiler's notes, and its files any time.
const compiled = Math.max(time("kernel.tsbuildinfo"), time("sim.tsbuildinfo"));
const joined = time("kernel/start/kernel-process.js");
if (joined > 0 && joined >= compiled) module.require("../start/kernel-process.js");
else void import("./kernel-process.js");

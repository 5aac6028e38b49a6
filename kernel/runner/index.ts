/**
 * runner: runs a notebook without a client, in a real kernel process.
 *
 * Glossary
 *   notebook     nbformat 4, texts joined
 *   execution    one run of one cell
 *   publication  what a kernel publishes that becomes an output
 *   failure      why a cell did not end well: an error, a time-out, the kernel's death
 *
 * notebook       the types, and writing
 * read-notebook  reading and checking
 * parameters     a cell that overrides the notebook's defaults (papermill's convention)
 * client         what the runner needs of a kernel
 * outputs        publications → a cell's outputs
 * cell-run       one cell: reply, time-out, death
 * execute        a notebook's cells through a client
 * process        the kernel's process, which never outlives this one
 * wire-client    the wire's client as the runner wants it
 * launch         a kernelspec's command as a process with a connection of its own
 * open-kernel    a process and its client as one kernel
 * run-notebook   all of it
 */
export * from "./client.js";
export * from "./notebook.js";
export { readNotebook } from "./read-notebook.js";
export { injectParameters, type Parameters } from "./parameters.js";
export type { Failure } from "./cell-run.js";
export { executeNotebook, isExecuted, type Execution, type Progress, type RunResult } from "./execute.js";
export { builtKernelProgram, kernelCommand, kernelProgram, packageFolder } from "./process.js";
export { launchKernel } from "./launch.js";
export { KernelStartError, openKernel } from "./open-kernel.js";
export { runNotebook, type RunOptions } from "./run-notebook.js";

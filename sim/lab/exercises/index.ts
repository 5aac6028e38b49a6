export * from "./check.js";
export * from "./prediction.js";
export * from "./problem.js";
export * from "./workbook.js";
export type { Solutions } from "./problems.js";
export type { ThinLocate } from "./problems/thin-locate.js";
export type { BranchTarget } from "./problems/branch-target.js";
export type { Allocate } from "./problems/allocate.js";
export type { CommitIndex } from "./problems/commit-index.js";

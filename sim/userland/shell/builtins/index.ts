import type { Builtin } from "./builtin.js";
import { commandBuiltins } from "./commands.js";
import { controlBuiltins } from "./control.js";
import { jobBuiltins } from "./jobs.js";
import { variableBuiltins } from "./variables.js";

export type { Builtin } from "./builtin.js";

/** Every command that the shell does itself. */
export const builtins: ReadonlyMap<string, Builtin> = new Map(
  Object.entries({ ...controlBuiltins, ...variableBuiltins, ...commandBuiltins, ...jobBuiltins }),
);

/** Those whose arguments may be assignments, which aren't split. */
export const declarations: ReadonlySet<string> = new Set(["export", "readonly", "local"]);

import { spawnSync } from "node:child_process";
import { tenMillionTimed } from "../runner/cells.js";
import type { Contender } from "../runner/measure.js";

/** The same loop at the top level of a module that Node runs, without its start. */
export const plainLoop: Contender = {
  name: "plain Node",
  run: () =>
    Number(spawnSync(process.execPath, ["--input-type=module", "-e", tenMillionTimed], { encoding: "utf8" }).stdout),
};

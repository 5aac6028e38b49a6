import { spawnSync } from "node:child_process";
import { tenMillion } from "../runner/cells.js";
import type { Contender } from "../runner/measure.js";

const program = `const begin = performance.now(); ${tenMillion} console.log(performance.now() - begin);`;

/** The same loop at the top level of a module that Node runs, without its start. */
export const plainLoop: Contender = {
  name: "plain Node",
  run: () => Number(spawnSync(process.execPath, ["--input-type=module", "-e", program], { encoding: "utf8" }).stdout),
};

import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { createTransform, startLanguageService, type LanguageService } from "../../kernel/lang/index.js";
import type { DeclaringLife } from "./peers/declaring-life.js";
import { sevenLines, tenMillion } from "./runner/cells.js";
import type { Bench, Room } from "./runner/measure.js";

let variant = 0;
let shared: Promise<LanguageService> | undefined;

/** One warm service for the benches that measure single questions; it keeps no process alive. */
function warm(): Promise<LanguageService> {
  shared ??= (async () => {
    const service = startLanguageService({ cwd: tmpdir() });
    await service.ready;
    service.declare(sevenLines(1));
    await service.check("");
    return service;
  })();
  return shared;
}

async function milliseconds(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** The middle of `count` times of the same. */
async function typical(count: number, work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < count; time++) times.push(await milliseconds(work));
  return times.sort((a, b) => a - b)[count >> 1] ?? NaN;
}

interface Converter {
  convert(declarations: string, source: string): { readonly diagnostics: readonly unknown[] };
  close(): void;
}

/** tslab checks and converts in one. It has no declarations for TypeScript of its converter. */
function tslabConverter(): Converter {
  const require = createRequire(import.meta.url);
  const { createConverter } = require("tslab/dist/converter") as { createConverter: (options: object) => Converter };
  return createConverter({});
}

const typedCell: Bench = {
  name: "typed cell of 7 lines, checked and transformed",
  unit: "ms",
  better: "lower",
  // At most 0.35 of what tslab takes.
  goal: { median: 24, ratio: 2.86 },
  contenders: [
    {
      name: "virtlab",
      async run() {
        const service = await warm();
        const transform = createTransform();
        return typical(20, async () => {
          const cell = sevenLines(++variant);
          const found = await service.check(cell);
          if (found.length > 0 || !transform(cell, "cell").ok) throw new Error("the cell is right");
        });
      },
    },
    {
      name: "tslab",
      async run() {
        const converter = tslabConverter();
        const time = await typical(20, () => {
          if (converter.convert("", sevenLines(++variant)).diagnostics.length > 0) throw new Error("the cell is right");
        });
        converter.close();
        return time;
      },
    },
  ],
};

const transformed: Bench = {
  name: "typed cell of 7 lines, transformed only",
  unit: "ms",
  better: "lower",
  contenders: [
    {
      name: "virtlab",
      run() {
        const transform = createTransform();
        return typical(200, () => transform(sevenLines(++variant), "cell"));
      },
    },
  ],
};

const cold: Bench = {
  name: "first check, from nothing",
  unit: "ms",
  better: "lower",
  goal: { median: 1500 },
  contenders: [
    {
      name: "virtlab",
      async run() {
        const begin = performance.now();
        const service = startLanguageService({ cwd: tmpdir() });
        await service.check(sevenLines(++variant));
        const time = performance.now() - begin;
        await service.stop();
        return time;
      },
    },
  ],
};

const again: Bench = {
  name: "the same cell once more, checked",
  unit: "ms",
  better: "lower",
  contenders: [
    {
      name: "virtlab",
      async run() {
        const service = await warm();
        const cell = sevenLines(++variant);
        await service.check(cell);
        return typical(50, () => service.check(cell));
      },
    },
  ],
};

async function declaringLife(): Promise<DeclaringLife> {
  const script = fileURLToPath(new URL("./peers/declaring-life.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  // What that script prints.
  return JSON.parse(stdout) as DeclaringLife;
}

const middle = (part: readonly number[]): number => [...part].sort((a, b) => a - b)[part.length >> 1] ?? NaN;

const growth: Bench = {
  name: "300 declaring cells: last 50 against first 50",
  unit: "×",
  better: "lower",
  goal: { median: 1.2 },
  contenders: [
    {
      name: "virtlab",
      async run() {
        const { times } = await declaringLife();
        return middle(times.slice(-50)) / middle(times.slice(0, 50));
      },
    },
  ],
};

const lateCells: Bench = {
  name: "300 declaring cells: a check of the last 50",
  unit: "ms",
  better: "lower",
  contenders: [{ name: "virtlab", run: async () => middle((await declaringLife()).times.slice(-50)) }],
};

const memory: Bench = {
  name: "memory after 300 declaring cells",
  unit: "MB",
  better: "lower",
  goal: { median: 350 },
  contenders: [{ name: "virtlab", run: async () => (await declaringLife()).megabytes }],
};

const completion: Bench = {
  name: "completion of a member, in a cell that changed",
  unit: "ms",
  better: "lower",
  contenders: [
    {
      name: "virtlab",
      async run() {
        const service = await warm();
        return typical(20, async () => {
          const source = `const n${++variant} = vms.ma`;
          const { matches } = await service.complete(source, source.length);
          if (matches[0]?.text !== "map") throw new Error("map is a member");
        });
      },
    },
  ],
};

const inspection: Bench = {
  name: "documentation, in a cell that changed",
  unit: "ms",
  better: "lower",
  contenders: [
    {
      name: "virtlab",
      async run() {
        const service = await warm();
        return typical(20, async () => {
          const found = await service.inspect(`share(vms[${++variant}])`, 2);
          if (found === undefined) throw new Error("share is a function");
        });
      },
    },
  ],
};

/** Beside the same in a function, as the modules of plain Node run. */
const topLevelLoop: Bench = {
  name: "top-level loop of 10 million rounds",
  unit: "ms",
  better: "lower",
  goal: { ratio: 0.83 },
  contenders: [
    {
      name: "virtlab",
      run() {
        const result = createTransform()(`${tenMillion} // ${++variant}`, "cell");
        if (!result.ok) throw new Error("the cell is right");
        const script = new Script(result.cell.code);
        return milliseconds(() => script.runInThisContext());
      },
    },
    {
      name: "plain Node",
      run() {
        const script = new Script(`(function () { ${tenMillion} return sum; }) // ${++variant}`);
        const body = script.runInThisContext() as () => number;
        return milliseconds(body);
      },
    },
  ],
};

export const room: Room = {
  benches: [typedCell, again, transformed, cold, growth, lateCells, memory, completion, inspection, topLevelLoop],
};

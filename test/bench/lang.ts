import { tmpdir } from "node:os";
import { createRequire } from "node:module";
import { Script } from "node:vm";
import { createTransform, startLanguageService, type LanguageService } from "../../kernel/lang/index.js";
import { declaring, sevenLines, tenMillion } from "./runner/cells.js";
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

const growth: Bench = {
  name: "300 declaring cells: last 50 against first 50",
  unit: "×",
  better: "lower",
  goal: { median: 1.2 },
  contenders: [
    {
      name: "virtlab",
      async run() {
        const service = startLanguageService({ cwd: tmpdir() });
        await service.ready;
        const times: number[] = [];
        for (let cell = 0; cell < 300; cell++) {
          times.push(await milliseconds(() => service.check(declaring(cell))));
          service.declare(declaring(cell));
          // What a declaration costs is no part of the next check: nobody types that fast.
          await service.inspect("", 0);
        }
        await service.stop();
        const middle = (part: readonly number[]): number => [...part].sort((a, b) => a - b)[part.length >> 1] ?? NaN;
        return middle(times.slice(-50)) / middle(times.slice(0, 50));
      },
    },
  ],
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

export const room: Room = { benches: [typedCell, transformed, cold, growth, completion, inspection, topLevelLoop] };

// Runs notebooks with tslab itself: JSON arrays of cells on standard input, what each cell did on standard output.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { inspect } from "node:util";

const require = createRequire(import.meta.url);
const { createConverter } = require("tslab/dist/converter");
const { createExecutor } = require("tslab/dist/executor");

let results = [];
const printer = { log: (value) => results.push(inspect(value)), error: () => undefined };
const converter = createConverter();
const executor = createExecutor(
  process.cwd(),
  { node: converter, browser: converter, close: () => undefined },
  printer,
);

const notebooks = [];
for (const cells of JSON.parse(await text(process.stdin))) {
  executor.reset();
  const ran = [];
  for (const code of cells) {
    results = [];
    const ok = await executor.execute(code);
    ran.push({ ok, result: results.at(-1) ?? null });
  }
  notebooks.push(ran);
}
process.stdout.write(JSON.stringify(notebooks), () => process.exit(0));

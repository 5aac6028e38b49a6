/**
 * `npm run bench -- ROOM [--json FILE] [--rounds N] [--only WORDS]`: measures one room's benches, those alone whose
 * names contain the words, and prints a table.
 * Each other file of this folder is a room: it exports `room`.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { measure, type Outcome, type Room } from "./runner/measure.js";
import { bars, table } from "./runner/table.js";

const here = dirname(fileURLToPath(import.meta.url));
const rooms = readdirSync(here)
  .filter((name) => name.endsWith(".js") && name !== "main.js")
  .map((name) => name.slice(0, -".js".length));

/** Ends with one line for a call that makes no sense. */
function refuse(problem: string): never {
  console.error(`bench: ${problem}`);
  process.exit(2);
}

interface Call {
  readonly name: string;
  readonly json: string | undefined;
  readonly rounds: number;
  readonly only: readonly string[];
}

function parse(): Call {
  try {
    const { values, positionals } = parseArgs({
      options: {
        json: { type: "string" },
        rounds: { type: "string", default: "5" },
        only: { type: "string", multiple: true, default: [] },
      },
      allowPositionals: true,
    });
    const [name, ...others] = positionals;
    const rounds = Number(values.rounds);
    if (name === undefined || others.length > 0) refuse(`name one room; rooms: ${rooms.join(", ")}`);
    if (!rooms.includes(name)) refuse(`no room "${name}"; rooms: ${rooms.join(", ")}`);
    if (!(Number.isSafeInteger(rounds) && rounds >= 1))
      refuse(`--rounds ${values.rounds}: give a whole number from 1 on`);
    return { name, json: values.json, rounds, only: values.only };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const { name, json, rounds, only } = parse();
const { room } = (await import(pathToFileURL(join(here, `${name}.js`)).href)) as { readonly room: Room };
const chosen = room.benches.filter((bench) => only.length === 0 || only.some((words) => bench.name.includes(words)));
if (chosen.length === 0) {
  const names = room.benches.map((bench) => bench.name).join("; ");
  refuse(`no bench of ${name} has ${only.map((words) => `"${words}"`).join(" or ")} in its name; all: ${names}`);
}
const processor = cpus()[0]?.model.trim() ?? "an unknown processor";
console.log(`${name}: ${rounds} rounds, Node ${process.versions.node}, ${processor} × ${cpus().length}\n`);

const outcomes: Outcome[] = [];
for (const { contenders } of chosen) for (const contender of contenders) contender.prepare?.();
for (const bench of chosen) {
  if (process.stderr.isTTY) process.stderr.write(`${bench.name} …\x1b[K\r`);
  outcomes.push(await measure(bench, rounds));
}
console.log(`${table(outcomes)}\n\n${bars(outcomes)}`);
const notes = room.notes?.(outcomes) ?? [];
if (notes.length > 0) console.log(`\n${notes.join("\n")}`);
if (json !== undefined) {
  const report = { room: name, rounds, node: process.versions.node, processor, cores: cpus().length, outcomes };
  try {
    writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (error) {
    refuse(`cannot write ${json}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

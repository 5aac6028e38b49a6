/**
 * A process of its own with a type service that checks 300 declaring cells, completes and documents in between, and
 * prints its figures as JSON: `DeclaringLife`.
 */
import { tmpdir } from "node:os";
import { startLanguageService } from "../../../kernel/lang/index.js";
import { declaring } from "../runner/cells.js";
import { residentMegabytes } from "./process-memory.js";

export interface DeclaringLife {
  /** How long each check took, in ms. */
  readonly times: readonly number[];
  readonly megabytes: number;
}

const service = startLanguageService({ cwd: tmpdir() });
await service.ready;
const times: number[] = [];
for (let cell = 0; cell < 300; cell++) {
  const begin = performance.now();
  const found = await service.check(declaring(cell));
  times.push(performance.now() - begin);
  if (found.length > 0) throw new Error(`cell ${cell} is right: ${found[0]?.message ?? ""}`);
  service.declare(declaring(cell));
  // What a declaration costs is no part of the next check: nobody types that fast.
  const member = `v${cell}.toF`;
  const { matches } = await service.complete(member, member.length);
  if (matches[0]?.text !== "toFixed") throw new Error("toFixed is a member");
  if ((await service.inspect(member, 1)) === undefined) throw new Error("it is declared");
}
const life: DeclaringLife = { times, megabytes: residentMegabytes(process.pid) };
console.log(JSON.stringify(life));
await service.stop();

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Broadcast } from "../../kernel/wire/index.js";
import { spawnKernel, type Ran, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
beforeAll(async () => {
  kernel = await spawnKernel();
  const { reply } = await kernel.run(`
    import { lab, ms, progress, type Lab } from "virtlab";
    /** A world whose every virtual millisecond takes a real one. */
    function slow(milliseconds: number): Lab {
      const world = lab();
      const busy = () => { const end = performance.now() + 1; while (performance.now() < end); };
      for (let n = 1; n <= milliseconds; n++) world.engine.at(ms(n), busy);
      return world;
    }`);
  expect(reply.status).toBe("ok");
});
afterAll(() => kernel.close());

/** What it published, in order; the updates of a bar are as many as the machine is slow. */
const types = ({ broadcasts }: Ran): string[] =>
  broadcasts
    .map(({ type }) => type)
    .filter((type) => !["status", "execute_input", "update_display_data"].includes(type));

function bars({ broadcasts }: Ran): string[] {
  return broadcasts.flatMap((each: Broadcast) =>
    each.type === "display_data" || each.type === "update_display_data"
      ? [JSON.stringify(each.content.data["text/plain"] ?? "")]
      : [],
  );
}

test("a long run shows a bar that moves, and leaves nothing", async () => {
  const ran = await kernel.run("slow(1500).run(ms(1500)).reason");
  expect(types(ran)).toEqual(["display_data", "clear_output", "execute_result"]);
  const percents = bars(ran).map((bar) => Number(/(\d+) %/.exec(bar)?.[1]));
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(new Set(percents).size).toBeGreaterThan(2);
  expect(ran.result).toBe("'until'");
});

test("behind what the cell has shown it leaves nothing either", async () => {
  const ran = await kernel.run("console.log('before'); void slow(600).run(); console.log('after'); 'end'");
  expect(types(ran)).toEqual(["stream", "display_data", "stream", "clear_output", "stream", "execute_result"]);
  expect(ran.broadcasts.findLast(({ type }) => type === "stream")?.content).toEqual({
    name: "stdout",
    text: "before\nafter\n",
  });
});

test("a quick run shows none", async () => {
  expect(types(await kernel.run("slow(20).run().reason"))).toEqual(["execute_result"]);
});

test("it is seen though the cell is captured, and not captured", async () => {
  const ran = await kernel.run("%%capture kept\nconsole.log('printed'); void slow(600).run();");
  expect(types(ran)).toEqual(["display_data", "clear_output"]);
  expect((await kernel.run("kept")).result).toBe("{ text: 'printed\\n', bundles: [] }");
});

test("%%time keeps its line, and a failing cell its error", async () => {
  const timed = await kernel.run("%%time\nvoid slow(600).run();");
  expect(types(timed)).toEqual(["display_data", "clear_output", "stream"]);
  expect(timed.stdout).toMatch(/^Wall time: /);
  const failed = await kernel.run("void slow(600).run(); throw new Error('no');");
  expect(types(failed)).toEqual(["display_data", "clear_output", "error"]);
});

test("an interrupt takes it away too, and the world goes on", async () => {
  const running = kernel.run("const long = slow(60_000); long.run();");
  const heard = await new Promise<string>((resolve) => {
    kernel.client.onBroadcast(({ type }) => {
      if (type === "display_data") resolve(type);
    });
  });
  expect(heard).toBe("display_data");
  kernel.process.kill("SIGINT");
  const ran = await running;
  expect(ran.reply).toMatchObject({ status: "error", ename: "Interrupted" });
  expect(types(ran).slice(-2)).toEqual(["clear_output", "error"]);
  expect((await kernel.run("long.run(ms(1)).reason")).result).toBe("'until'");
});

test("any loop has one with progress()", async () => {
  const ran = await kernel.run(`
    for (const n of progress(8, { label: "seeds" })) await new Promise((resolve) => setTimeout(resolve, 100));`);
  expect(bars(ran)[0]).toMatch(/^"seeds [█░]{12} \d+ %: \d of 8; /);
  expect(types(ran).at(-1)).toBe("clear_output");
});

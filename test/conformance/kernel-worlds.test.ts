import { afterAll, beforeAll, expect, test } from "vitest";
import { spawnKernel, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
beforeAll(async () => {
  kernel = await spawnKernel();
});
afterAll(() => kernel.close());

/** Runs a cell and stops it once it has printed. */
async function stopped(code: string): Promise<unknown> {
  const started = kernel.printed("started");
  const running = kernel.run(`console.log("started"); ${code}`);
  await started;
  await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
  return (await running).reply;
}

test("a stop ends a run between two events, and the world goes on from there", async () => {
  await kernel.run(`
    import { lab, ms, ns, type Activity, type Lab } from "virtlab";
    const world = lab({ seed: 1 });
    let ticks = 0;
    function* clock(world: Lab): Activity<void> {
      for (;;) {
        yield* world.delay(ns(1));
        ticks++;
      }
    }
    world.spawn(clock(world));`);
  expect(await stopped("world.run()")).toMatchObject({ status: "error", ename: "Interrupted" });
  const { reply, result } = await kernel.run(
    "const seen = ticks; world.run(ns(1000)); [ticks - seen, world.now === ticks]",
  );
  expect([reply.status, result]).toEqual(["ok", "[ 1000, true ]"]);
});

test("a world that was cut inside an event says so and is used no more", async () => {
  await kernel.run(`
    import { lab } from "virtlab";
    const broken = lab();
    broken.engine.at(broken.now, () => { while (true) {} });`);
  expect(await stopped("broken.run()")).toMatchObject({ status: "error", ename: "Interrupted" });
  expect((await kernel.run("broken.run()")).reply).toMatchObject({ status: "error", ename: "UsageError" });
  expect((await kernel.run('import { ms } from "virtlab"; lab().run(ms(1)).reason')).result).toBe("'until'");
});

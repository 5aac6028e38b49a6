import { afterAll, beforeAll, expect, test } from "vitest";
import type { Broadcast } from "../../kernel/wire/index.js";
import { undisturbed } from "./processor.js";
import { spawnKernel, until, type SpawnedKernel } from "./spawned-kernel.js";

let kernel: SpawnedKernel;
const heard: Broadcast[] = [];
beforeAll(async () => {
  kernel = await spawnKernel();
  kernel.client.onBroadcast((message) => void heard.push(message));
});
afterAll(() => kernel.close());

const of = (parent: string): Broadcast[] => heard.filter(({ parent_header }) => parent_header.msg_id === parent);

async function idle(parent: string): Promise<Broadcast[]> {
  await until(() =>
    of(parent).some(
      ({ type, content }) => type === "status" && "execution_state" in content && content.execution_state === "idle",
    ),
  );
  return of(parent);
}

type Opened = Extract<Broadcast, { type: "comm_open" }>;

/** The models that a cell opened: model name → its comm_open. */
function modelsOf(broadcasts: readonly Broadcast[]): Map<unknown, Opened> {
  return new Map(
    broadcasts.flatMap((each) =>
      each.type === "comm_open" ? [[(each.content.data["state"] as Record<string, unknown>)["_model_name"], each]] : [],
    ),
  );
}

const update = (comm_id: string, state: object): string =>
  kernel.client.notify("comm_msg", { comm_id, data: { method: "update", state, buffer_paths: [] } });

/** The text of the last result that a model's `outputs` were set to. */
function lastText(model: string): unknown {
  const sets = heard.flatMap((each) =>
    each.type === "comm_msg" && each.content.comm_id === model
      ? [
          (each.content.data["state"] as { outputs: { data: Record<string, unknown> }[] }).outputs[0]?.data[
            "text/plain"
          ],
        ]
      : [],
  );
  return sets.at(-1);
}

test("interact: a slider moves, and the result follows", async () => {
  const { reply, broadcasts } = await kernel.run(
    `import { interact } from "virtlab";
    let calls = 0;
    interact(({ n, how }) => { calls++; return how + " of " + n; }, { n: { min: 1, max: 99 }, how: ["sum", "mean"] });`,
    { allow_stdin: true },
  );
  expect(reply.status).toBe("ok");
  const models = modelsOf(broadcasts);
  const slider = models.get("IntSliderModel")?.content.comm_id ?? "";
  const output = models.get("OutputModel")?.content.comm_id ?? "";
  expect(models.get("VBoxModel")).toMatchObject({ metadata: { version: "2.1.0" } });
  const shown = broadcasts.find(({ type }) => type === "display_data");
  expect(shown?.content).toMatchObject({
    data: {
      "text/plain": "'sum of 1'",
      "application/vnd.jupyter.widget-view+json": { model_id: models.get("VBoxModel")?.content.comm_id },
    },
  });

  const broadcast = await idle(update(slider, { value: 7 }));
  expect(broadcast.map(({ type }) => type)).toEqual(["status", "comm_msg", "status"]);
  expect(lastText(output)).toBe("'sum of 7'");
  await idle(update(models.get("DropdownModel")?.content.comm_id ?? "", { index: 1 }));
  expect(lastText(output)).toBe("'mean of 7'");

  // A slider that is dragged while a cell runs.
  const running = kernel.run("const end = Date.now() + 300; while (Date.now() < end); calls");
  await until(() =>
    heard.some(
      ({ type, content }) => type === "execute_input" && "code" in content && content.code.includes("Date.now"),
    ),
  );
  const positions = Array.from({ length: 30 }, (_, index) => update(slider, { value: 10 + index }));
  expect((await running).result).toBe("3");
  await idle(positions.at(-1) ?? "");
  expect(lastText(output)).toBe("'mean of 39'");
  expect((await kernel.run("calls")).result).toBe("4");
  await idle(positions[0] ?? "");
});

test("messages of several models that wait together are handed over together", async () => {
  const { broadcasts } = await kernel.run(`
    import { play } from "virtlab";
    let played = 0;
    interact(({ frame }) => { played++; console.log("frame", frame); }, { frame: play(0, 50) });`);
  const models = modelsOf(broadcasts);
  const output = models.get("OutputModel")?.content.comm_id ?? "";
  const [player, along] = ["PlayModel", "IntSliderModel"].map((name) => models.get(name)?.content.comm_id ?? "");
  const running = kernel.run("const pause = Date.now() + 300; while (Date.now() < pause); played");
  await until(() =>
    heard.some(({ type, content }) => type === "execute_input" && "code" in content && content.code.includes("pause")),
  );
  let last = "";
  for (let frame = 1; frame <= 9; frame++) {
    update(player ?? "", { value: frame });
    last = update(along ?? "", { value: frame });
  }
  expect((await running).result).toBe("1");
  await idle(last);
  expect((await kernel.run("played")).result).toBe("2");
  const sets = heard.filter(
    ({ type, content }) => type === "comm_msg" && "comm_id" in content && content.comm_id === output,
  );
  expect(sets.map(({ content }) => content)).toMatchObject([
    { data: { state: { outputs: [{ output_type: "stream", name: "stdout", text: "frame 9\n" }] } } },
  ]);
});

test("a cell that runs again closes the widgets of its run before, also those of later moves", async () => {
  const code = `import { slider } from "virtlab";
    interact(({ n }) => n > 1 ? slider(0, n) : n, { n: { min: 1, max: 9 } });`;
  const comms = async (): Promise<number> => {
    const { content } = await kernel.client.request("shell", "comm_info_request", { target_name: "jupyter.widget" });
    return content.status === "ok" ? Object.keys(content.comms).length : NaN;
  };
  const execute = async (cellId: string): Promise<Broadcast[]> => {
    const broadcasts: Broadcast[] = [];
    const onBroadcast = (message: Broadcast): void => void broadcasts.push(message);
    await kernel.client.request("shell", "execute_request", { code }, { onBroadcast, metadata: { cellId } });
    return broadcasts;
  };
  const before = await comms();
  const first = await execute("a");
  const opened = (await comms()) - before;
  const slider = modelsOf(first).get("IntSliderModel")?.content.comm_id ?? "";
  await idle(update(slider, { value: 5 }));
  expect(await comms()).toBeGreaterThan(before + opened);
  const again = await execute("a");
  expect(again.filter(({ type }) => type === "comm_close").length).toBeGreaterThan(opened);
  expect(await comms()).toBe(before + opened);
  await execute("b");
  expect(await comms()).toBe(before + 2 * opened);
  // What crossed the closing is no mistake.
  await idle(update(slider, { value: 6 }));
  expect(kernel.log()).toBe("");
});

test("where cells have no names, four runs of the same words keep their widgets", async () => {
  const open = async (): Promise<string[]> => {
    const { content } = await kernel.client.request("shell", "comm_info_request", { target_name: "jupyter.widget" });
    return content.status === "ok" ? Object.keys(content.comms) : [];
  };
  const runs: string[][] = [];
  const run = async (code: string): Promise<string[]> => {
    const { broadcasts } = await kernel.run(`import { slider } from "virtlab"; ${code}`);
    const ids = broadcasts.flatMap((each) => (each.type === "comm_open" ? [each.content.comm_id] : []));
    expect(ids.length).toBeGreaterThan(1);
    return ids;
  };
  const other = await run("slider(0, 8)");
  for (let n = 0; n < 12; n++) runs.push(await run("slider(0, 9)"));
  const now = await open();
  expect(now).toEqual(expect.arrayContaining([...other, ...runs.slice(-4).flat()]));
  expect(now.filter((id) => runs.slice(0, -4).flat().includes(id))).toEqual([]);
});

test("a client that allows no questions gets what a page can show, and no view of a widget", async () => {
  const cell = (code: string): string => `import { column, interact, show, slider } from "virtlab"; ${code}`;
  const bundles = async (code: string): Promise<unknown[]> => {
    const { broadcasts } = await kernel.run(cell(code));
    return broadcasts.flatMap((each) =>
      each.type === "display_data" || each.type === "execute_result" ? [each.content.data] : [],
    );
  };
  expect(await bundles("interact(({ n }) => n * n, { n: { min: 3, max: 9 } });")).toEqual([{ "text/plain": "9" }]);
  expect(await bundles('show(slider(0, 9)); column(slider(2, 9, { label: "n" }), slider(0, 1))')).toEqual([
    { "text/plain": "0 (0 to 9)" },
    { "text/plain": "n: 2 (2 to 9)\n0 (0 to 1)" },
  ]);
});

test("what a part of a cell shows is kept apart, beyond an await too", async () => {
  const { broadcasts, stdout } = await kernel.run(`
    import { output } from "virtlab";
    const here = output();
    const done = here.run(async () => {
      console.log("inside");
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log("inside later");
    });
    console.log("outside");
    await done;
    console.log("outside later");
    here`);
  expect(stdout).toBe("outside\noutside later\n");
  const shown = broadcasts.find(({ type }) => type === "execute_result");
  expect(shown?.content).toMatchObject({ data: { "text/plain": "inside\ninside later" } });
});

test("comm_info tells the open comms, by target", async () => {
  const { content } = await kernel.client.request("shell", "comm_info_request", { target_name: "jupyter.widget" });
  const { broadcasts } = await kernel.run(
    'const plain = (globalThis as any)[Symbol.for("virtlab.comms")].open("mine", { data: {} });',
  );
  const id = broadcasts.find(({ type }) => type === "comm_open")?.content as { comm_id: string };
  const widgets = content.status === "ok" ? Object.values(content.comms) : [];
  expect(widgets.length).toBeGreaterThan(3);
  expect(new Set(widgets.map(({ target_name }) => target_name))).toEqual(new Set(["jupyter.widget"]));
  const ask = async (): Promise<unknown> =>
    (await kernel.client.request("shell", "comm_info_request", { target_name: "mine" })).content;
  expect(await ask()).toEqual({ status: "ok", comms: { [id.comm_id]: { target_name: "mine" } } });
  await kernel.run("plain.close()");
  expect(await ask()).toEqual({ status: "ok", comms: {} });
});

test("a client's comm: buffers go both ways, outputs and errors carry its messages' headers", async () => {
  await kernel.run(`
    (globalThis as any)[Symbol.for("virtlab.comms")].onTarget("echo", (comm: any, { data }: any) => {
      comm.onMessage(({ data, buffers }: any) => {
        console.log("heard", data.n, buffers.length);
        if (data.n < 0) throw new RangeError("below zero");
        comm.send({ data: { n: data.n + 1 }, buffers: buffers.map((b: Uint8Array) => b.toReversed()) });
      });
    });`);
  await idle(kernel.client.notify("comm_open", { comm_id: "e", target_name: "echo", data: {} }));
  const buffers = [new Uint8Array([1, 2, 255]), new Uint8Array(200_000).fill(3)];
  const answered = await idle(kernel.client.notify("comm_msg", { comm_id: "e", data: { n: 1 } }, { buffers }));
  const answer = answered.find(({ type }) => type === "comm_msg");
  expect(answer?.content).toEqual({ comm_id: "e", data: { n: 2 } });
  expect(answer?.buffers.map((bytes) => [...bytes].slice(0, 4))).toEqual([
    [255, 2, 1],
    [3, 3, 3, 3],
  ]);
  expect(answer?.buffers[1]?.length).toBe(200_000);
  expect(answered.find(({ type }) => type === "stream")?.content).toEqual({ name: "stdout", text: "heard 1 2\n" });

  const failed = await idle(kernel.client.notify("comm_msg", { comm_id: "e", data: { n: -1 } }));
  expect(failed.find(({ type }) => type === "error")?.content).toMatchObject({
    ename: "RangeError",
    evalue: "below zero",
  });
  expect((await kernel.run("'alive'")).result).toBe("'alive'");
});

test.each(["while (true) {}", "await Promise.resolve(); while (true) {}", "await new Promise(() => {})"])(
  "a handler that never ends (%s) is interrupted",
  async (code) => {
    await kernel.run(`
      var kept = "kept";
      (globalThis as any)[Symbol.for("virtlab.comms")].onTarget("endless", (comm: any) => {
        comm.onMessage(async () => { console.log("started"); ${code} });
      });`);
    const comm_id = `endless ${code}`;
    await idle(kernel.client.notify("comm_open", { comm_id, target_name: "endless", data: {} }));
    const id = kernel.client.notify("comm_msg", { comm_id, data: {} });
    await until(() => of(id).some(({ type }) => type === "stream"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const took = await undisturbed(kernel, async () => {
      await kernel.client.request("control", "interrupt_request", {}, { timeout: 60_000 });
      await idle(id);
    });
    expect(took).toBeLessThan(500);
    const broadcasts = await idle(id);
    expect(broadcasts.find(({ type }) => type === "error")?.content).toMatchObject({ ename: "Interrupted" });
    expect((await kernel.run("kept")).result).toBe("'kept'");
  },
);

test("a comm that a captured cell opens is opened all the same", async () => {
  const { broadcasts } = await kernel.run(
    '%%capture out\nconsole.log("kept back"); (globalThis as any)[Symbol.for("virtlab.comms")].open("mine", { data: {} }); 1',
  );
  expect(broadcasts.map(({ type }) => type)).toEqual(["status", "execute_input", "comm_open", "status"]);
});

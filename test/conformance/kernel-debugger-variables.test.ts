import { describe, expect, test } from "vitest";
import { debuggedKernel, type DebugClient } from "./debug-client.js";
import { undisturbed } from "./processor.js";

const debugged = debuggedKernel();

/** When an answer counts as lost, in ms. */
const timeout = 60_000;

describe("variables", () => {
  test("are shown with their types and open up; getters are not run", async () => {
    const code = [
      "class Point { constructor(readonly x: number, readonly y: number) {} get far(): number { return touched++; } }",
      "let touched = 0;",
      "const shown = {",
      "  text: 'a\"b', big: 12n, none: null, list: [1, 2, 3], map: new Map([['k', 1]]), point: new Point(1, 2),",
      "  get lazy() { return touched++; }, when: new Date(0), fn: (q: number) => q, sym: Symbol('s'), err: new RangeError('no'),",
      "  many: Array.from({ length: 25_000 }, (_, i) => i), nan: NaN, re: /x/g, zero: -0,",
      "};",
    ].join("\n");
    await debugged.client.run(code);
    const { variables } = await debugged.client.ask("inspectVariables");
    const shown = (variables as { name: string; type: string; variablesReference: number }[]).find(
      ({ name }) => name === "shown",
    );
    expect(shown).toMatchObject({ type: "Object" });
    const fields = await debugged.client.children(shown?.variablesReference ?? 0);
    expect(Object.fromEntries(fields.map(({ name, value, type }) => [name, `${type ?? "-"} ${value}`]))).toEqual({
      text: 'string "a\\"b"',
      big: "bigint 12n",
      none: "null null",
      list: "Array(3) Array(3) [1, 2, 3]",
      map: 'Map(1) Map(1) {"k" => 1}',
      point: "Point Point {x: 1, y: 2}",
      lazy: "- (getter, not run)",
      when: expect.stringMatching(/^Date /) as unknown,
      fn: "function (q)",
      sym: "symbol Symbol(s)",
      err: "RangeError RangeError: no",
      many: expect.stringMatching(/^Array\(25000\) /) as unknown,
      nan: "number NaN",
      re: "RegExp /x/g",
      zero: "number -0",
    });
    const many = await debugged.client.children(fields.find(({ name }) => name === "many")?.variablesReference ?? 0);
    expect(many.map(({ name }) => name).slice(0, 2)).toEqual(["[0…9999]", "[10000…19999]"]);
    const hundreds = await debugged.client.children(many[2]?.variablesReference ?? 0);
    const last = await debugged.client.children(hundreds.at(-1)?.variablesReference ?? 0);
    expect(last.at(-1)).toMatchObject({ name: "24999", value: "24999" });
    expect((await debugged.kernel.run("touched")).result).toBe("0");
  });

  test("of the notebook are told without a debugger, and soon while a cell computes or waits", async () => {
    await debugged.client.run("const told = 42;");
    for (const code of ["while (true) {}", "require('node:child_process').execSync('sleep 5')"]) {
      const started = debugged.kernel.printed("started");
      const running = debugged.kernel.run(`console.log("started"); ${code}`);
      await started;
      let response = await debugged.client.request("inspectVariables");
      const took = await undisturbed(debugged.kernel, async () => {
        response = await debugged.client.request("inspectVariables");
      });
      expect(took).toBeLessThan(1500);
      if (response.success) {
        expect(response.body["variables"]).toContainEqual({
          name: "told",
          value: "42",
          type: "number",
          variablesReference: 0,
        });
      } else {
        expect(response.message).toContain("just now");
        expect(response.body).toEqual({ variables: [] });
      }
      await debugged.kernel.client.request("control", "interrupt_request", {}, { timeout });
      await running;
    }
    expect((await debugged.kernel.run("told")).result).toBe("42");
  });

  test("are told to each of many that ask at once, as a front end does with every message of a running cell", async () => {
    const { client } = debugged;
    await client.start();
    await client.run("const asked = { deep: [1, 2, 3] };");
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.request("inspectVariables")));
    expect(answers.filter(({ success }) => !success)).toEqual([]);
    const last = (answers.at(-1)?.body["variables"] ?? []) as { name: string; variablesReference: number }[];
    const asked = last.find(({ name }) => name === "asked");
    expect((await client.children(asked?.variablesReference ?? 0)).map(({ name }) => name)).toContain("deep");
  });

  test("have a bundle of what a cell would show, stopped or not", async () => {
    await debugged.client.run("const word = 'rich';");
    expect(await debugged.client.ask("richInspectVariables", { variableName: "word" })).toMatchObject({
      data: { "text/plain": expect.stringContaining("rich") as unknown },
    });
    await debugged.client.start();
    const code =
      "function inner1(): number {\n  const local1 = { deep: [1, 2] };\n  return local1.deep.length;\n}\ninner1();";
    await debugged.client.breakAt(code, 3);
    const running = debugged.client.run(code);
    const [frame] = await debugged.client.stopped();
    const rich = await debugged.client.ask("richInspectVariables", { variableName: "local1", frameId: frame?.id });
    expect(JSON.stringify(rich["data"])).toContain("deep");
    const copied = { srcVariableName: "local1", dstVariableName: "copied1", srcFrameId: frame?.id };
    expect(await debugged.client.ask("copyToGlobals", copied)).toMatchObject({ type: "Object" });
    await debugged.client.ask("continue");
    await running;
    expect((await debugged.kernel.run("copied1.deep.length")).result).toBe("2");
    const { variables } = await debugged.client.ask("inspectVariables");
    expect(variables).toContainEqual(expect.objectContaining({ name: "copied1" }));
  });

  test("of frames, objects and the notebook are changed", async () => {
    const { client, kernel } = debugged;
    await client.run(
      "let outside = 1; const held = { list: [1, 2], map: new Map([['k', 1]]), frozen: Object.freeze({ x: 1 }) };",
    );
    await client.start();
    const code = [
      "function outer3(given: number): unknown {",
      "  let kept = 1;",
      "  const inner = (): unknown => {",
      "    let local = 'old';",
      "    kept += 0;",
      "    return [given, kept, local];",
      "  };",
      "  return inner();",
      "}",
      "JSON.stringify(outer3(1))",
    ].join("\n");
    await client.breakAt(code, 6);
    const running = kernel.run(code);
    const [frame, caller] = await client.stopped();
    const scope = async (id: number | undefined, name: string): Promise<number> => {
      const { scopes } = await client.ask("scopes", { frameId: id });
      const found = (scopes as { name: string; variablesReference: number }[]).find((each) => each.name === name);
      return found?.variablesReference ?? 0;
    };
    const set = async (variablesReference: number, name: string, value: string): Promise<unknown> => {
      const { success, body, message } = await client.request("setVariable", { variablesReference, name, value });
      return success ? body["value"] : message;
    };
    expect(await set(await scope(frame?.id, "Locals"), "local", "`${given}` as string + '!'")).toBe('"1!"');
    expect(await set(await scope(frame?.id, "Closure"), "kept", "[kept, 2]")).toBe("Array(2) [1, 2]");
    expect(await set(await scope(caller?.id, "Locals"), "given", "NaN")).toBe("NaN");
    const globals = await scope(frame?.id, "Globals");
    expect(await set(globals, "outside", "given as number")).toBe("NaN");
    expect(await set(globals, "nowhere", "1")).toContain("no cell declares nowhere");
    expect(await set(await scope(frame?.id, "Locals"), "nowhere", "1")).toContain("no variable nowhere");
    expect(await set(globals, "outside", "no.thing")).toContain("ReferenceError");

    const reference = async (parent: number, name: string): Promise<number> =>
      (await client.children(parent)).find((each) => each.name === name)?.variablesReference ?? 0;
    const held = await reference(globals, "held");
    expect(await set(await reference(held, "list"), "1", "-0")).toBe("-0");
    expect(await set(await reference(held, "list"), "2", "1")).toContain("no property");
    expect(await set(await reference(held, "frozen"), "x", "2")).toContain("can't be changed");
    const entry = await reference(await reference(await reference(held, "map"), "[[Entries]]"), "0");
    expect(await set(entry, "value", "2")).toContain("an entry can't be changed");
    await client.ask("continue");
    expect((await running).result).toBe("'[null,[1,2],\"1!\"]'");
    expect((await kernel.run("JSON.stringify([outside, held, held.map.get('k')])")).result).toContain(
      '[null,{"list":[1,0],"map":{},"frozen":{"x":1}},1]',
    );
  });

  test("are evaluated in their frame; hovering changes nothing", async () => {
    await debugged.client.start();
    const code = "function inner2(n: number): number {\n  const doubled = n * 2;\n  return doubled;\n}\ninner2(4);";
    await debugged.client.breakAt(code, 3);
    const running = debugged.client.run(code);
    const [frame, outer] = await debugged.client.stopped();
    const inFrame = (expression: string, context: string): ReturnType<DebugClient["request"]> =>
      debugged.client.request("evaluate", { expression, context, frameId: frame?.id });
    expect((await inFrame("{ both: [n, doubled as number] }", "repl")).body).toMatchObject({
      result: "{both: Array(2)}",
      type: "Object",
    });
    expect(await inFrame("globalThis.hovered = 1", "hover")).toMatchObject({ success: false });
    expect(await inFrame("nothing.there", "repl")).toMatchObject({
      success: false,
      message: "ReferenceError: nothing is not defined",
    });
    expect(await debugged.client.request("evaluate", { expression: "doubled", frameId: outer?.id })).toMatchObject({
      success: false,
    });
    const endless = async (): Promise<void> => {
      expect(await inFrame("(() => { while (true) {} })()", "repl")).toMatchObject({ success: false });
    };
    expect(await undisturbed(debugged.kernel, endless)).toBeLessThan(2000);
    await debugged.client.ask("continue");
    expect(await running).toMatchObject({ status: "ok" });
  });
});

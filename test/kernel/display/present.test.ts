import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { present, presentAll, presentSoon } from "../../../kernel/display/index.js";
import { isPlain } from "../../../kernel/display/json.js";
import { lines, table } from "./views.js";

const text = (value: unknown): string => present(value)["text/plain"] as string;
const hook = Symbol.for("Jupyter.display");

class Disk {
  readonly size = 4;
}

const circular: Record<string, unknown> = { name: "ring" };
circular["self"] = circular;

test.each([
  ["a string", "a\nb", "'a\\nb'"],
  ["a number", -0, "-0"],
  ["undefined", undefined, "undefined"],
  ["null", null, "null"],
  ["a big integer", 10n, "10n"],
  ["a symbol", Symbol("s"), "Symbol(s)"],
  ["a map", new Map([["a", new Set([1])]]), "Map(1) { 'a' => Set(1) { 1 } }"],
  ["a typed array", Float64Array.of(1.5, NaN), "Float64Array(2) [ 1.5, NaN ]"],
  ["an instance", new Disk(), "Disk { size: 4 }"],
  ["a function", function boot() {}, "[Function: boot]"],
  ["a promise", Promise.resolve(3), "Promise { 3 }"],
  ["a structure that holds itself", circular, "<ref *1> { name: 'ring', self: [Circular *1] }"],
  ["an empty array", [], "[]"],
  ["an empty object", {}, "{}"],
])("%s is shown as text, as Node's REPL shows it", (_, value, shown) => {
  expect(present(value)).toEqual({ "text/plain": shown });
});

test("an error shows its message, a date its instant", () => {
  expect(text(new RangeError("too far"))).toContain("RangeError: too far");
  expect(text(new Date(0))).toBe("1970-01-01T00:00:00.000Z");
});

test("huge values are cut, and it is said", () => {
  expect(text(Array.from({ length: 1e6 }, (_, i) => i))).toContain("... 999900 more items");
  expect(text("x".repeat(1e6))).toContain("... 990000 more characters");
  const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, i]));
  expect(text(wide).length).toBeLessThan(70_000);
  expect(text(wide)).toMatch(/… 49502 more lines$/);
  const long = Array.from({ length: 100 }, () => "y".repeat(1000));
  expect(text(long)).toMatch(/… \d+ more characters$/);
});

test("a value that branches widely shows its upper levels, a small one all of them", () => {
  const deep = (level: number, width: number): unknown =>
    level === 0 ? "leaf" : Array.from({ length: width }, () => deep(level - 1, width));
  expect(text(deep(6, 2))).toContain("leaf");
  const started = performance.now();
  expect(text(deep(4, 30))).toContain("[Array]");
  expect(performance.now() - started).toBeLessThan(1000);
});

test("what throws when looked at is shown as text", () => {
  const hostile = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("go away");
      },
      getPrototypeOf: () => {
        throw new Error("go away");
      },
      has: () => {
        throw new Error("go away");
      },
    },
  );
  expect(text(hostile)).toContain("go away");
  expect(
    text({
      [inspect.custom]: () => {
        throw new Error("no looking");
      },
    }),
  ).toContain("cannot be shown: Error: no looking");
  expect(
    text({
      get as() {
        throw new TypeError("getter");
      },
    }),
  ).toContain("getter");
});

test("an object with a view is shown as that view", () => {
  expect(present({ view: () => table })).toEqual(present(table));
});

test("an object whose view fails, or is none, is shown as itself with the reason", () => {
  class Broken {
    readonly outcome: () => unknown;
    constructor(outcome: () => unknown) {
      this.outcome = outcome;
    }
    view(): unknown {
      return this.outcome();
    }
  }
  const failing = present(
    new Broken(() => {
      throw new RangeError("no such track");
    }),
  );
  expect(failing["text/plain"]).toMatch(/^Broken \{.*\}\n\(showing it failed: RangeError: no such track\)$/);
  expect(text(new Broken(() => 42))).toContain("its view() returned no view but 42");
  expect(
    presentAll(
      new Broken(() => {
        throw new RangeError("no such track");
      }),
    ),
  ).toEqual([failing]);
});

test("a view that is no view is shown as itself with the reason, and never throws", () => {
  for (const as of ["plot", "lanes", "heat", "graph", "sequence", "table", "group", "text"]) {
    expect(text({ as })).toMatch(/cannot be shown|failed|\(no /);
    expect(text({ as, title: 1, series: 2, lanes: [{}], rows: 3, views: [4], nodes: 5 })).toMatch(
      /cannot be shown|failed|\(no /,
    );
  }
});

test("Deno's hook is honoured: its bundle, bytes as base64, a text where it gives none", () => {
  const shown = present({
    name: "dot",
    [hook]: () => ({ "text/html": "<b>hi</b>", "image/png": Uint8Array.of(1, 2, 3), "application/json": { a: 1n } }),
  });
  expect(shown).toEqual({
    "text/plain": expect.stringContaining("name: 'dot'") as string,
    "text/html": "<b>hi</b>",
    "image/png": "AQID",
    "application/json": { a: "1" },
  });
});

test("a hook that fails, promises or returns something else is told so", () => {
  expect(
    text({
      [hook]: () => {
        throw new Error("broken hook");
      },
    }),
  ).toContain("showing it failed: Error: broken hook");
  expect(text({ [hook]: () => Promise.resolve({}) })).toContain("returned a promise, and nothing waits here; return");
  expect(text({ [hook]: () => 7 })).toContain("returned 7; return an object of MIME types");
});

test("a place that can wait takes what a hook promises", async () => {
  const soon = presentSoon({ [hook]: () => Promise.resolve({ "text/html": "<b>late</b>" }) });
  expect(soon).toBeInstanceOf(Promise);
  expect(await soon).toEqual([{ "text/html": "<b>late</b>", "text/plain": expect.any(String) as string }]);
  const failing = await presentSoon({ [hook]: () => Promise.reject(new Error("late no")) });
  expect(failing[0]?.["text/plain"]).toContain("(showing it failed: Error: late no)");
  expect(presentSoon({ [hook]: () => ({ "text/plain": "now" }) })).toEqual([{ "text/plain": "now" }]);
  expect(presentSoon(7)).toEqual([{ "text/plain": "7" }]);
  // A function may have a hook too.
  expect(presentSoon(Object.assign(() => 1, { [hook]: () => ({ "text/plain": "fn" }) }))).toEqual([
    { "text/plain": "fn" },
  ]);
});

test.each<[string, object[], object]>([
  ["lines and points", [{ y: [1, 2] }, { type: "scatter", mode: "markers", x: [1], y: [null] }], {}],
  ["bars", [{ type: "bar", name: "n", x: ["a", "b"], y: Float64Array.of(1, 2) }], { title: "T" }],
  ["a logarithmic axis", [{ x: [1, 10], y: [1, 2] }], { xaxis: { type: "log", title: { text: "size" } } }],
])("a Plotly figure of %s is drawn here too", (_, data, layout) => {
  const { "image/svg+xml": drawn, "text/plain": said } = present({ data, layout });
  expect(drawn).toMatch(/^<svg[\s\S]*<\/svg>\s*$/);
  expect(said).not.toContain("failed");
});

test.each<[string, object[], object]>([
  ["a pie", [{ type: "pie", values: [1, 2] }], {}],
  ["stacked bars", [{ type: "bar", y: [1] }], { barmode: "stack" }],
  ["a second axis", [{ y: [1], yaxis: "y2" }], { yaxis2: {} }],
  ["a reversed axis", [{ y: [1] }], { yaxis: { autorange: "reversed" } }],
  ["lines over names", [{ x: ["a"], y: [1] }], {}],
  ["filled lines", [{ y: [1], fill: "tozeroy" }], {}],
  ["x and y that don't fit", [{ x: [1, 2], y: [1] }], {}],
  ["nothing", [], {}],
])("a Plotly figure of %s is left to Plotly", (_, data, layout) => {
  expect(Object.keys(present({ data, layout })).sort()).toEqual(["application/vnd.plotly.v1+json", "text/plain"]);
});

test("a proxy is looked behind, also among others", () => {
  const trap = (): never => {
    throw new Error("trap");
  };
  const guarded = new Proxy({ x: 1 }, { get: trap, ownKeys: trap, getOwnPropertyDescriptor: trap });
  expect(text([guarded, 2])).toBe("[ { x: 1 }, 2 ]");
});

test("a Plotly figure goes through as JSON, with a summary of its traces", () => {
  const shown = present({
    data: [{ type: "scatter3d", name: "orbit", x: Float32Array.of(1, 2), y: [1, NaN], z: [0, 0] }, { y: [1, 2, 3] }],
    layout: { title: { text: "Where?" }, xaxis: { title: "time (s)" } },
  });
  expect(shown["application/vnd.plotly.v1+json"]).toMatchObject({
    data: [{ x: [1, 2], y: [1, null] }, { y: [1, 2, 3] }],
  });
  expect(shown["text/plain"]).toBe("Where?\n  x: time (s)\n  orbit: scatter3d, 2 values\n  trace 2: scatter, 3 values");
});

test("an array of objects with the same scalar fields is a table beside its text", () => {
  const rows = [
    { name: "a<b>", size: 1, big: 2n },
    { name: "c", size: 2.5, big: 3n },
  ];
  const shown = present(rows);
  expect(shown["text/plain"]).toContain("{ name: 'a<b>', size: 1, big: 2n }");
  expect(shown["text/html"]).toContain("a&lt;b&gt;");
  expect((shown["text/html"] as string).match(/<td/g)).toHaveLength(6);
});

test.each([
  ["fields that differ", [{ a: 1 }, { b: 1 }]],
  ["a field too many", [{ a: 1 }, { a: 1, b: 2 }]],
  ["nested values", [{ a: [1] }]],
  ["instances of a class", [new Disk(), new Disk()]],
  ["objects without fields", [{}]],
  ["a mix", [{ a: 1 }, 2]],
])("an array with %s is text alone", (_, value) => {
  expect(Object.keys(present(value))).toEqual(["text/plain"]);
});

test("objects from another context are plain as well", () => {
  const foreign = runInNewContext("[{ a: 1 }, { a: 2 }]") as unknown;
  expect(Object.keys(present(foreign)).sort()).toEqual(["text/html", "text/plain"]);
  expect(isPlain(runInNewContext("new (class Disk {})"))).toBe(false);
});

test("every bundle survives the wire", () => {
  const bundles = [lines, table, circular, 10n, new Disk()].flatMap(presentAll);
  for (const bundle of bundles) expect(JSON.parse(JSON.stringify(bundle))).toEqual(bundle);
});

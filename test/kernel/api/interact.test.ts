import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from "vitest";
import { interact, type Controls } from "../../../kernel/api/index.js";

type State = Record<string, unknown>;
interface Model {
  readonly id: string;
  state: State;
  readonly metadata: unknown;
  handle: (content: { data: State }) => unknown;
}

const displayHook = Symbol.for("virtlab.display");
const comms = Symbol.for("virtlab.comms");
const place = globalThis as { [displayHook]?: unknown; [comms]?: unknown };

/** What a client would have: the models, and what is displayed. */
let models: Model[] = [];
let shown: State[] = [];
let updates = 0;
/** Takes what a client sends through a comm that it opened for a target. */
const targets = new Map<string, (content: { data: State }) => State | undefined>();

afterEach(() => {
  Reflect.deleteProperty(globalThis, displayHook);
  Reflect.deleteProperty(globalThis, comms);
  vi.restoreAllMocks();
});

function plugIn(): void {
  [models, shown, updates] = [[], [], 0];
  targets.clear();
  place[displayHook] = (bundle: State) => void shown.push(bundle);
  place[comms] = {
    open(target: string, { data, metadata }: { data: { state: State }; metadata: State }) {
      expect(target).toBe("jupyter.widget");
      const model: Model = { id: String(models.length), state: data.state, metadata, handle: () => undefined };
      models.push(model);
      return {
        id: model.id,
        send(content: { data: { method: string; state: State } }) {
          expect(content.data.method).toBe("update");
          updates++;
          model.state = { ...model.state, ...content.data.state };
        },
        onMessage: (handler: Model["handle"]) => void (model.handle = handler),
        onClose: () => undefined,
      };
    },
    onTarget(target: string, opened: (comm: object) => void) {
      let answer: State | undefined;
      let handle: Model["handle"] = () => undefined;
      opened({ send: ({ data }: { data: State }) => (answer = data), onMessage: (h: typeof handle) => (handle = h) });
      targets.set(target, (content) => {
        handle(content);
        return answer;
      });
    },
  };
}

function model(name: string, description?: string): Model {
  const found = models.find(
    ({ state }) => state["_model_name"] === name && (description === undefined || state["description"] === description),
  );
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

const move = (to: Model, state: State): unknown => to.handle({ data: { method: "update", state } });
const texts = (): unknown =>
  (model("OutputModel").state["outputs"] as { data: State }[]).map(({ data }) => data["text/plain"]);

describe("in a notebook", () => {
  beforeEach(plugIn);

  test("shows controls above the first result, which is in the bundle too", () => {
    interact(({ n, p, on, name, how }) => `${n} ${p} ${on} ${name} ${how}`, {
      n: { min: 1, max: 9, value: 4 },
      p: { min: 0, max: 0.5, step: 0.25 },
      on: true,
      name: "disk",
      how: ["fifo", "lru"],
    });
    expect(texts()).toEqual(["'4 0 true disk fifo'"]);
    const [bundle] = shown;
    expect(bundle?.["text/plain"]).toBe("'4 0 true disk fifo'");
    const box = model("VBoxModel");
    expect(bundle?.["application/vnd.jupyter.widget-view+json"]).toMatchObject({ model_id: box.id, version_major: 2 });
    const names = (box.state["children"] as string[]).map(
      (reference) => models[Number(reference.replace("IPY_MODEL_", ""))]?.state["_model_name"],
    );
    expect(names).toEqual([
      "IntSliderModel",
      "FloatSliderModel",
      "CheckboxModel",
      "TextModel",
      "DropdownModel",
      "OutputModel",
    ]);
    expect(model("IntSliderModel").state).toMatchObject({ min: 1, max: 9, step: 1, value: 4, description: "n" });
    expect(model("FloatSliderModel").state).toMatchObject({ step: 0.25, value: 0, readout_format: ".2f" });
    expect(model("DropdownModel").state).toMatchObject({ _options_labels: ["fifo", "lru"], index: 0 });
    for (const { state, metadata } of models) {
      expect(metadata).toEqual({ version: "2.1.0" });
      expect(state["_model_module_version"]).toMatch(/^\^1\.\d\.0( \|\| \^2\.0\.0)?$/);
      for (const part of ["layout", "style"] as const) {
        if (part in state) expect(models[Number(String(state[part]).replace("IPY_MODEL_", ""))]).toBeDefined();
      }
    }
  });

  test("each control's change calls the function again, its result in the old one's place", async () => {
    interact(({ n, how }) => ({ n, how }), { n: { min: 1, max: 9 }, how: ["fifo", "lru"] });
    await move(model("IntSliderModel"), { value: 7 });
    expect(texts()).toEqual(["{ n: 7, how: 'fifo' }"]);
    await move(model("DropdownModel"), { index: 1 });
    expect(texts()).toEqual(["{ n: 7, how: 'lru' }"]);
    await move(model("DropdownModel"), { index: 5 });
    await move(model("IntSliderModel"), { value: 10 });
    expect(texts()).toEqual(["{ n: 7, how: 'lru' }"]);
  });

  test("of changes that come together the last one counts", async () => {
    const called: number[] = [];
    interact(({ n }) => called.push(n), { n: { min: 1, max: 9 } });
    await Promise.all([2, 3, 4, 5].map((value) => move(model("IntSliderModel"), { value })));
    expect(called).toEqual([1, 5]);
    expect(updates).toBe(1);
  });

  test("of slow results that overtake each other the latest call's stays", async () => {
    const wait = (ms: number): Promise<number> => new Promise((resolve) => setTimeout(resolve, ms, ms));
    interact(({ ms }) => wait(ms), { ms: { min: 1, max: 50 } });
    const slow = move(model("IntSliderModel"), { value: 40 });
    await Promise.resolve();
    await Promise.resolve();
    await move(model("IntSliderModel"), { value: 5 });
    await slow;
    expect(texts()).toEqual(["5"]);
  });

  test("an error is shown in the result's place, and goes with the next value", async () => {
    const half = ({ n }: { n: number }): number => {
      if (n % 2 !== 0) throw new RangeError(`${n} is odd`);
      return n / 2;
    };
    interact(half, { n: { min: 2, max: 9 } });
    await move(model("IntSliderModel"), { value: 3 });
    expect(model("OutputModel").state["outputs"]).toMatchObject([
      { output_type: "error", ename: "RangeError", evalue: "3 is odd" },
    ]);
    await move(model("IntSliderModel"), { value: 4 });
    expect(texts()).toEqual(["2"]);
    expect(() => {
      interact(half, { n: { min: 1, max: 9 } });
    }).toThrow("1 is odd");
  });

  test("a page that is loaded anew asks for all models and gets them as they stand", async () => {
    interact(({ n }) => n, { n: { min: 1, max: 9 } });
    await move(model("IntSliderModel"), { value: 7 });
    const ask = targets.get("jupyter.widget.control");
    expect(ask?.({ data: { method: "unknown" } })).toBeUndefined();
    const answer = ask?.({ data: { method: "request_states" } });
    expect(answer).toMatchObject({ method: "update_states", buffer_paths: [] });
    const states = answer?.["states"] as Record<string, State>;
    expect(Object.keys(states)).toEqual(models.map(({ id }) => id));
    expect(states[model("IntSliderModel").id]).toMatchObject({
      model_name: "IntSliderModel",
      model_module: "@jupyter-widgets/controls",
      model_module_version: "^1.5.0 || ^2.0.0",
      state: { value: 7, description: "n" },
    });
  });

  test("a client that asks for a model's state gets it", () => {
    interact(({ n }) => n, { n: { min: 1, max: 9 } });
    void model("IntSliderModel").handle({ data: { method: "request_state" } });
    expect(updates).toBe(1);
  });
});

test("in a plain script the first result is printed", () => {
  const print = vi.spyOn(console, "log").mockImplementation(() => undefined);
  interact(({ n }) => n * 2, { n: { min: 21, max: 30 } });
  expect(print.mock.calls).toEqual([["42"]]);
});

test("the function's values have their controls' types", () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  interact(
    (values) => {
      expectTypeOf(values).toEqualTypeOf<{
        readonly n: number;
        readonly on: boolean;
        readonly name: string;
        readonly how: "fifo" | "lru";
      }>();
      expect(values).toEqual({ n: 1, on: false, name: "x", how: "fifo" });
    },
    { n: { min: 1, max: 2 }, on: false, name: "x", how: ["fifo", "lru"] },
  );
});

test.each<[string, unknown, string, string]>([
  ["a range that is empty", { min: 3, max: 3 }, "goes from 3 to 3", "greater than min"],
  ["a range without an end", { min: 3 }, "no number as its max", "slider(0, 10)"],
  ["a step of 0", { min: 0, max: 3, step: 0 }, "steps of 0", "greater than 0"],
  ["a start outside", { min: 0, max: 3, value: 4 }, "starts at 4", "between 0 and 3"],
  ["a mistyped option", { min: 0, max: 3, stepp: 1 }, 'no option "stepp"', '"step"'],
  ["nothing to choose from", [], "nothing to choose from", "at least one"],
  ["a choice that is no scalar", ["a", {}], 'choice 2 of interact: "x"', "look up"],
  ["a number", 5, "no control but 5", "{ min, max }"],
  ["null", null, "no control but null", "{ min, max }"],
])("%s is refused with the mend", (_, control, message, hint) => {
  expect(() => {
    interact(() => 1, { x: control } as Controls);
  }).toThrow(
    expect.objectContaining({
      name: "UsageError",
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    }),
  );
});

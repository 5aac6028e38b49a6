import { joined, presentSoon, type MimeBundle } from "../../display/index.js";
import { openWidget, type CommsHook, type WidgetModel } from "./model.js";
import { OutputList, type CellOutput } from "./output-list.js";
import { Shown } from "./widget.js";

const hook = Symbol.for("virtlab.capture");

type Capture = <T>(take: (output: CellOutput) => void, work: () => T) => T;

/** Has what `work` shows go to `take`; in a plain Node script it goes where it always does. */
function capture<T>(take: (output: CellOutput) => void, work: () => T): T {
  const captured = (globalThis as { [hook]?: Capture })[hook];
  return captured === undefined ? work() : captured(take, work);
}

/** How often what comes bit by bit is shown at most, in ms. */
const between = 100;

/** A place on the page for what code shows, wherever and whenever that runs. */
export class OutputWidget extends Shown {
  #list: OutputList = new OutputList();
  /** That of the latest work; it takes the list's place when there is something in it. */
  #pending: OutputList | undefined;
  #open: WidgetModel | undefined;
  #told = -Infinity;

  /**
   * Runs `work`; what it prints and displays, also later, comes here, in place of what was here. What it returns is
   * shown as a cell's result, and what it throws as a cell's error. The old stays until there is something new.
   * @returns what settles when `work` has come to its end; it never rejects
   */
  async run(work: () => unknown): Promise<void> {
    await this.begin(work).settled;
  }

  /**
   * As `run`.
   * @returns also what was returned or thrown at once
   */
  begin(work: () => unknown): {
    readonly settled: Promise<void>;
    readonly thrown: { readonly error: unknown } | undefined;
  } {
    const list = new OutputList();
    const current = this.#latest(list);
    const finish = (show: () => void): void => {
      show();
      list.settle();
      if (current()) this.#replace(list);
    };
    const take = (output: CellOutput): void => {
      list.receive(output);
      if (!current()) return;
      // What comes when the work has ended is added at once.
      if (this.#list === list || performance.now() - this.#told >= between) this.#replace(list);
    };
    const present = (bundles: readonly MimeBundle[]): void => {
      finish(() => {
        for (const data of bundles) list.receive(display(data));
      });
    };
    const value = (result: unknown): Promise<void> | undefined => {
      const bundles = result === undefined ? [] : presentSoon(result);
      if (bundles instanceof Promise) return bundles.then(present);
      present(bundles);
      return undefined;
    };
    const failure = (error: unknown): void => {
      finish(() => {
        list.fail(error);
      });
    };
    this.#told = performance.now();
    try {
      const result = capture(take, work);
      if (result instanceof Promise) return { settled: result.then(value, failure), thrown: undefined };
      return { settled: value(result) ?? Promise.resolve(), thrown: undefined };
    } catch (error) {
      failure(error);
      return { settled: Promise.resolve(), thrown: { error } };
    }
  }

  /** Takes away what is here. */
  clear(): void {
    this.#pending = new OutputList();
    this.#replace(this.#pending);
  }

  /** What was shown before the error that is the last of what it holds. */
  before(): readonly MimeBundle[] {
    return this.#list.bundles().slice(0, -1);
  }

  /** What it holds, as one output. */
  content(): MimeBundle {
    return joined(this.#list.bundles());
  }

  override open(comms: CommsHook): WidgetModel {
    this.#open ??= openWidget(
      comms,
      { model: "OutputModel", view: "OutputView", from: "output" },
      { msg_id: "", outputs: this.#list.outputs() },
      {
        closed: () => {
          this.#open = undefined;
        },
      },
    );
    return this.#open;
  }

  override text(): string {
    const { "text/plain": text } = this.content();
    return typeof text === "string" ? text : "";
  }

  /** @returns whether a list is still the one of the latest work */
  #latest(list: OutputList): () => boolean {
    this.#pending = list;
    return () => this.#pending === list;
  }

  #replace(list: OutputList): void {
    this.#list = list;
    this.#told = performance.now();
    this.#open?.set({ outputs: list.outputs() });
  }
}

const display = (data: MimeBundle): CellOutput => ({ type: "display", data, metadata: {}, update: false });

/** A place on the page for what code shows: `const place = output(); place.run(() => console.log("here"))`. */
export const output = (): OutputWidget => new OutputWidget();

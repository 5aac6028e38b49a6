import type { MimeBundle } from "../../display/index.js";
import { commsHook, type CommsHook, type WidgetModel } from "./model.js";

export const widgetMime = "application/vnd.jupyter.widget-view+json";

/** Something that a cell shows as a widget: a control, an output, a row of them. */
export abstract class Shown {
  /** Opens it in every client, unless it is open already. @param label is used where it has none of its own */
  abstract open(comms: CommsHook, label?: string): WidgetModel;
  /** How it reads where there are no widgets. */
  abstract text(label?: string): string;

  /** What a cell shows of it; its text where there are no widgets. */
  bundle(): MimeBundle {
    const comms = commsHook();
    const text = { "text/plain": this.text() };
    if (comms === undefined) return text;
    return { ...text, [widgetMime]: { version_major: 2, version_minor: 0, model_id: this.open(comms).id } };
  }
}

// Deno's convention for objects that show themselves in a notebook. Declarations can't have a method by that name.
Object.defineProperty(Shown.prototype, Symbol.for("Jupyter.display"), {
  value(this: Shown) {
    return this.bundle();
  },
});

/** A control that is open. */
export interface OpenControl<T> {
  readonly model: WidgetModel;
  /** Shows another value in every client. */
  set(value: T): void;
}

/** What one kind of control is. */
export interface Control<T> {
  readonly value: T;
  readonly label: string | undefined;
  /** @param changed told what the user chose @param closed when it is gone from the page */
  open(comms: CommsHook, label: string, value: T, changed: (value: T) => unknown, closed: () => void): OpenControl<T>;
  /** @throws UsageError for a value that it can't have */
  check(value: T): void;
  text(value: T): string;
}

/**
 * A control on the page, and its value. It is shown as a cell's last expression, by `show`, in a `row` or `column`, or
 * above an `interact`; shown in several places it is the same control. Where the cell that showed it runs again, it
 * keeps its value.
 */
export class Widget<T> extends Shown {
  readonly #control: Control<T>;
  #value: T;
  #open: OpenControl<T> | undefined;
  // Typed so that a widget of numbers is a widget of unknown values too; only `onChange` fills it.
  readonly #handlers = new Set<(value: never) => unknown>();

  /** Made by `slider`, `select`, … */
  constructor(control: Control<T>) {
    super();
    this.#control = control;
    this.#value = control.value;
  }

  get value(): T {
    return this.#value;
  }

  /** Moves it on the page too, and tells its handlers. */
  set value(value: T) {
    this.#control.check(value);
    this.#open?.set(value);
    void this.#change(value);
  }

  /**
   * Has `handler` called with each new value. What it shows belongs to the control and goes to the client's log: give it
   * an `output()` to show things in.
   * @returns ends that
   */
  onChange(handler: (value: T) => unknown): () => void {
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
    };
  }

  override open(comms: CommsHook, label?: string): WidgetModel {
    this.#open ??= this.#control.open(
      comms,
      this.#control.label ?? label ?? "",
      this.#value,
      (value) => this.#change(value),
      () => {
        this.#open = undefined;
      },
    );
    return this.#open.model;
  }

  override text(label?: string): string {
    const name = this.#control.label ?? label ?? "";
    return (name === "" ? "" : `${name}: `) + this.#control.text(this.#value);
  }

  #change(value: T): Promise<unknown> | undefined {
    if (Object.is(value, this.#value)) return undefined;
    this.#value = value;
    return Promise.all(
      [...this.#handlers].map(async (handler) => {
        await (handler as (value: T) => unknown)(value);
      }),
    );
  }
}

import { openWidget, type CommsHook, type WidgetModel } from "./model.js";
import { Shown } from "./widget.js";

/** Widgets beside or below one another. */
export class Box extends Shown {
  readonly #kind: "HBox" | "VBox";
  readonly #children: readonly Shown[];
  readonly #closed: () => void;
  #open: WidgetModel | undefined;

  /** Made by `row` and `column`. */
  constructor(kind: "HBox" | "VBox", children: readonly Shown[], closed: () => void = () => undefined) {
    super();
    this.#kind = kind;
    this.#children = children;
    this.#closed = closed;
  }

  override open(comms: CommsHook): WidgetModel {
    this.#open ??= openWidget(
      comms,
      { model: `${this.#kind}Model`, view: `${this.#kind}View`, from: "controls" },
      { children: this.#children.map((child) => child.open(comms).reference), box_style: "" },
      {
        closed: () => {
          this.#open = undefined;
          this.#closed();
        },
      },
    );
    return this.#open;
  }

  override text(): string {
    return this.#children.map((child) => child.text()).join(this.#kind === "HBox" ? "  " : "\n");
  }
}

/** Widgets beside one another. */
export const row = (...children: readonly Shown[]): Box => new Box("HBox", children);

/** Widgets below one another. */
export const column = (...children: readonly Shown[]): Box => new Box("VBox", children);

import type { Engine, TableView } from "../../core/index.js";
import type { Progress } from "../../container/index.js";

/** A pull or a push as it goes on: what became of each layer, and when. */
export class Transfer {
  readonly #engine: Engine;
  readonly #begun: number;
  readonly #layers = new Map<string, { status: string; bytes: number; to: number }>();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#begun = engine.now;
  }

  tell({ status, id, progressDetail }: Progress): void {
    // The first line of a pull has the tag where others have a layer.
    if (id === undefined || status.startsWith("Pulling from ")) return;
    const now = this.#engine.now - this.#begun;
    const layer = this.#layers.get(id) ?? { status, bytes: 0, to: now };
    // All of a pull's layers are complete at its end; each came over when its download was.
    const to = status === "Pull complete" ? layer.to : now;
    this.#layers.set(id, { status, bytes: progressDetail?.total ?? layer.bytes, to });
  }

  view(title: string): TableView {
    return {
      as: "table",
      title,
      columns: [{ key: "layer" }, { key: "status" }, { key: "MB" }, { key: "there after (s)" }],
      rows: [...this.#layers].map(([layer, { status, bytes, to }]) => ({
        ...{ layer, status, MB: Number((bytes / 1e6).toPrecision(3)) },
        "there after (s)": Number((to / 1e9).toFixed(2)),
      })),
    };
  }
}

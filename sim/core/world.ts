import { Engine, type EngineState } from "./engine.js";
import { UsageError } from "./errors.js";
import { withDefaults } from "./options.js";
import type { Persist } from "./persist.js";
import { Rng, type RngState } from "./rng.js";
import { Trace, type TraceState } from "./trace.js";

/** Everything that a simulation shares: a clock, a source of chance, a record. Nothing else is ambient. */
export interface World extends Persist<WorldState> {
  readonly seed: number;
  readonly engine: Engine;
  readonly rng: Rng;
  readonly trace: Trace;
}

export interface WorldOptions {
  /** Chance starts here: the same seed replays the same world, byte for byte. Default 0. */
  readonly seed: number;
  /** How many trace rows are kept, the latest ones. Default: all. */
  readonly traceRows: number;
}

/** A world at rest, as plain data. */
export interface WorldState {
  readonly seed: number;
  readonly engine: EngineState;
  readonly rng: RngState;
  readonly trace: TraceState;
}

/** @throws UsageError for an option that it does not know, or whose value makes no sense */
export function createWorld(options?: Partial<WorldOptions>): World {
  const { seed, traceRows } = withDefaults<WorldOptions>("createWorld", options, { seed: 0, traceRows: Infinity });
  const rng = new Rng(seed);
  const engine = new Engine({ circumstances: () => circumstances() });
  const trace = new Trace(engine, traceRows);

  /** What is needed to make a failure happen again, and to see what led to it. */
  function circumstances(): string {
    const rows = trace.last(8).map((row) => `\n  ${JSON.stringify(row)}`);
    return `seed ${seed}, event ${engine.events}, ${engine.now} ns; last trace rows:${rows.join("") || " none"}`;
  }

  return {
    seed,
    engine,
    rng,
    trace,
    save: () => ({ seed, engine: engine.save(), rng: rng.save(), trace: trace.save() }),
    restore(state) {
      if (state.seed !== seed) {
        throw new UsageError(
          `the saved world has seed ${state.seed}, this one ${seed}`,
          `Make it with createWorld({ seed: ${state.seed} }) and restore into that.`,
        );
      }
      engine.restore(state.engine);
      rng.restore(state.rng);
      trace.restore(state.trace);
    },
  };
}

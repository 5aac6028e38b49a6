import { createWorld, type World } from "../../../../sim/core/index.js";
import { createArena } from "../../../../sim/machine/arena.js";
import { Bus } from "../../../../sim/machine/bus.js";
import type { Clock } from "../../../../sim/machine/devices/device.js";

export const ramBase = 0x8000_0000;

/** A bus with nothing but RAM. */
export function ramBus(size = 1 << 20): Bus {
  return new Bus(createArena(1, size), ramBase);
}

/** A world's time as the devices' clock, in ticks of 100 ns. */
export function worldClock(world: World = createWorld()): Clock & { readonly world: World } {
  const { engine } = world;
  return {
    world,
    get now() {
      return engine.now;
    },
    get ticks() {
      return BigInt(Math.floor(engine.now / 100));
    },
    at: (time, action) => engine.after(Math.max(0, time - engine.now) as typeof engine.now, action),
  };
}

/** A line that keeps its level. */
export function probe(): { level: boolean; readonly line: (level: boolean) => void } {
  const state = {
    level: false,
    line: (level: boolean) => {
      state.level = level;
    },
  };
  return state;
}

/** The notebook in the browser as its reader waits for it. In each round `npm start` lives once; all figures are read from it. */
import { missingChromium } from "../clients/chromium.js";
import type { Bench, Goal, Room } from "./runner/measure.js";
import { live, type Figures } from "./ui/page-life.js";

const rounds: Promise<Figures>[] = [];
const missing = missingChromium();

function row(name: string, figure: keyof Figures, median?: number): Bench {
  let round = 0;
  const run = async (): Promise<number> => (await (rounds[round++] ??= live()))[figure];
  const goal: Goal | undefined = median === undefined ? undefined : { median };
  return {
    name,
    unit: "ms",
    better: "lower",
    contenders: [{ name: "virtlab", ...(missing === undefined ? {} : { missing }), run }],
    ...(goal === undefined ? {} : { goal }),
  };
}

export const room: Room = {
  benches: [
    row("npm start until the tour's page can be used", "page", 5000),
    row("from there until its kernel is idle", "kernel"),
    row("first cell of a fresh kernel, beside the loading types", "firstFresh"),
    row("first cell of a kernel that has its types", "firstWarm", 1500),
    // What answers a key within 100 ms feels immediate, and a task gets half of that (web.dev/articles/rail).
    row("longest task of the page while 10,000 lines arrive", "arriving", 50),
    row("longest task of the page while one types below them", "behind", 50),
  ],
};

import { formatDuration } from "../../sim/core/index.js";
import type { Progress } from "../runner/index.js";
import { line, type Screen } from "./terminal.js";

/** Elapsed wall time as a person reads it, from milliseconds. */
export const elapsed = (milliseconds: number): string => formatDuration(Math.round(milliseconds) * 1e6);

/** Shows how far one notebook has come. */
export interface ProgressReport {
  readonly update: (progress: Progress) => void;
  /** Takes the bar away. */
  readonly end: () => void;
}

/** For a log: one line at the start, and one for each cell that takes long, so that a silence has a name. */
function plain(screen: Screen, name: string, total: number): ProgressReport {
  line(screen, `${name}: running ${total} ${total === 1 ? "cell" : "cells"}`);
  const patience = 10_000;
  let waiting: NodeJS.Timeout | undefined;
  return {
    update({ state, nth }) {
      clearInterval(waiting);
      if (state === "finished") return;
      const start = performance.now();
      waiting = setInterval(() => {
        line(screen, `${name}: cell ${nth}/${total} has been running for ${elapsed(performance.now() - start)}`);
      }, patience).unref();
    },
    end() {
      clearInterval(waiting);
    },
  };
}

/** The bar itself: what is done filled, at most the screen's width. */
export function renderBar(name: string, done: number, total: number, milliseconds: number, columns: number): string {
  const width = 24;
  const filled = total === 0 ? width : Math.round((done / total) * width);
  const seconds = (milliseconds / 1000).toFixed(1);
  const bar = `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
  return `${name} ${bar} cell ${Math.min(done + 1, total)}/${total}  ${seconds} s`.slice(0, Math.max(columns - 1, 1));
}

function bar(screen: Screen, name: string, total: number): ProgressReport {
  const start = performance.now();
  let done = 0;
  const draw = (): void => {
    // Some terminals say that they have no columns.
    const columns = screen.columns === undefined || screen.columns === 0 ? 80 : screen.columns;
    screen.write(`\r\u001b[2K${renderBar(name, done, total, performance.now() - start, columns)}`);
  };
  const ticking = setInterval(draw, 100).unref();
  draw();
  return {
    update({ state, nth }) {
      done = state === "finished" ? nth : nth - 1;
      draw();
    },
    end() {
      clearInterval(ticking);
      screen.write("\r\u001b[2K");
    },
  };
}

/** A bar on a terminal, plain lines elsewhere. */
export function reportProgress(screen: Screen, name: string, total: number): ProgressReport {
  return screen.isTTY === true ? bar(screen, name, total) : plain(screen, name, total);
}

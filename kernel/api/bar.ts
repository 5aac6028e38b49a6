import type { MimeBundle } from "../display/index.js";
import { barBundle, barText, type State } from "./bar-picture.js";

/** A bar that is seen from when it has been worth it to when its work ends, and then no more. */
export interface Bar {
  /** Cheap enough to be called every millisecond. @param time of the wall clock, in ms */
  update(time: number, state: () => State): void;
  end(): void;
}

/** What takes shorter has no bar, in ms. */
const patience = 400;
/** No bar changes more often than this, in ms. */
const between = 250;

/** Where bars are seen. */
interface Surface {
  show(id: string, label: string, state: State, elapsed: number): void;
  remove(id: string): void;
}

const hook = Symbol.for("virtlab.passing");

function notebook(): Surface | undefined {
  const passing = (globalThis as { [hook]?: (id: string, data?: MimeBundle) => void })[hook];
  return (
    passing && {
      show(id, label, state, elapsed) {
        passing(id, barBundle(label, state, elapsed));
      },
      remove: passing,
    }
  );
}

/** A line of standard error: what a script prints on standard output may be a program's input. */
function terminal(): Surface | undefined {
  const { stderr } = process;
  // In a notebook this would be the kernel's own, which nobody sees. Types and pipes say otherwise than terminals.
  if (!(stderr.isTTY as boolean | undefined)) return undefined;
  const clear = "\r\u001b[2K";
  return {
    show(_id, label, state, elapsed) {
      stderr.write(clear + barText(label, state, elapsed).slice(0, Math.max(1, (stderr.columns || 80) - 1)));
    },
    remove() {
      stderr.write(clear);
    },
  };
}

/** Whether a bar would be seen by anyone. */
export const barsAreSeen = (): boolean => (notebook() ?? terminal()) !== undefined;

let bars = 0;

/** @param began when its work began, by the wall clock, in ms */
export function createBar(label: string, began: number): Bar {
  const surface = notebook() ?? terminal();
  const id = `virtlab-bar-${++bars}`;
  let due = began + patience;
  let shown = false;
  return {
    update(time, state) {
      if (time < due) return;
      due = time + between;
      shown = true;
      surface?.show(id, label, state(), time - began);
    },
    end() {
      if (shown) surface?.remove(id);
      shown = false;
      due = Infinity;
    },
  };
}

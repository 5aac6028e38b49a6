import { RequestError, type StackFrame } from "./protocol.js";
import type { Frame } from "./scripts.js";

/** Numbers the frames of a stop. */
export interface Frames {
  /** Those of the user's and of packages, as a client lists them. */
  list(frames: readonly Frame[]): readonly StackFrame[];
  /** @throws RequestError where the thread has moved on since it was listed */
  find(id: number): Frame;
  forget(): void;
}

export function createFrames(): Frames {
  const byId = new Map<number, Frame>();
  const ids = new Map<Frame, number>();
  let last = 0;

  function idOf(frame: Frame): number {
    const known = ids.get(frame);
    if (known !== undefined) return known;
    last++;
    ids.set(frame, last);
    byId.set(last, frame);
    return last;
  }

  return {
    list: (frames) =>
      frames.flatMap((frame): readonly StackFrame[] => {
        const { owner, place, source, call, topLevel } = frame;
        const name = topLevel ? source.name : frame.name || "(anonymous)";
        if (place === undefined || owner === "hidden" || owner === "runner") return [];
        return [
          {
            id: idOf(frame),
            name: call === undefined ? `async ${name}` : name,
            source,
            ...place,
            presentationHint: owner === "package" ? "subtle" : "normal",
          },
        ];
      }),
    find(id) {
      const frame = byId.get(id);
      if (frame === undefined) throw new RequestError(`there is no frame ${id} where the thread stands now`);
      return frame;
    },
    forget() {
      byId.clear();
      ids.clear();
    },
  };
}

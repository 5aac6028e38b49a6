import type { Output } from "./outcome.js";

/** How much of a stream is shown at once, in UTF-16 units. */
const chunkLength = 65_536;

/** Joins pieces of one stream of one run into larger ones. */
export interface Gatherer {
  add(run: number, name: "stdout" | "stderr", text: string): void;
  flush(): void;
}

export function createGatherer(show: (run: number, output: Output) => void): Gatherer {
  let run = 0;
  let name: "stdout" | "stderr" = "stdout";
  let texts: string[] = [];
  let length = 0;
  const flush = (): void => {
    if (texts.length > 0) show(run, { type: "stream", name, text: texts.join("") });
    texts = [];
    length = 0;
  };
  return {
    add(ofRun, ofName, text) {
      if (ofRun !== run || ofName !== name || length >= chunkLength) flush();
      run = ofRun;
      name = ofName;
      texts.push(text);
      length += text.length;
    },
    flush,
  };
}

import { extname } from "node:path";
import type { Model } from "./model.js";

const stemOf = (name: string): string => name.slice(0, name.length - extname(name).length);

/** Names for something new in a folder, the likeliest first: "Untitled.ipynb", "Untitled1.ipynb" … */
export function* untitledNames(type: Model["type"], extension: string): Generator<string> {
  // The interface's own names: a notebook is capital, a file small, a folder has a space.
  const [stem, gap] =
    type === "directory" ? ["Untitled Folder", " "] : type === "notebook" ? ["Untitled", ""] : ["untitled", ""];
  const ending = type === "notebook" ? ".ipynb" : type === "directory" ? "" : extension;
  yield `${stem}${ending}`;
  for (let n = 1; ; n++) yield `${stem}${gap}${n}${ending}`;
}

/** Names for a copy: "a-Copy1.ipynb", "a-Copy2.ipynb" …, of a copy too; in another folder the name itself first. */
export function* copyNames(name: string, sameFolder: boolean): Generator<string> {
  if (!sameFolder) yield name;
  const stem = stemOf(name).replace(/-Copy\d*$/, "");
  for (let n = 1; ; n++) yield `${stem}-Copy${n}${extname(name)}`;
}

/** Where a file's checkpoint lies, beside the file: Jupyter's own place, so that either finds the other's. */
export function checkpointName(name: string, id: string): string {
  return `${stemOf(name)}-${id}${extname(name)}`;
}

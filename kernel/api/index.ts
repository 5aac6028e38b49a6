/**
 * api: what `import … from "virtlab"` gives a cell, and a plain Node script too.
 *
 * The whole of `sim/lab`, and what needs a computer around it:
 * show       display a value in the middle of a cell
 * exercises  predict, reveal, check, problem, hint, checkpoint, claim for this session
 * file       a disk image in a file of this computer
 * interact   controls above a result that follows them; control says what each is, widget-model speaks ipywidgets' protocol
 * input      a line that the user types
 * interrupt  the user's stop reaches a running world
 */
import { stopWhenAsked } from "./interrupt.js";

export * from "../../sim/lab/index.js";
export * from "./exercises.js";
export { openImageFile, type ImageFile, type ImageFileOptions } from "./file.js";
export { input, type InputOptions } from "./input.js";
export { interact } from "./interact.js";
export type { Control, Controls, Range, ValuesOf } from "./control.js";
export { show } from "./show.js";

stopWhenAsked();

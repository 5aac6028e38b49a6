/**
 * api: what `import … from "virtlab"` gives a cell, and a plain Node script too.
 *
 * The whole of `sim/lab`, and what needs a computer around it:
 * show       display a value in the middle of a cell
 * markup     html, md, svg: templates that show themselves
 * exercises  predict, reveal, check, problem, hint, checkpoint, claim for this session
 * file       a disk image in a file of this computer; file-bytes: any file, whole
 * interact   controls above a result that follows them; control is the short way to a widget
 * widgets/   what stands on a page and is moved: numbers, choices, texts, boxes, output (a place for what code shows);
 *            widget is what they share, model speaks ipywidgets' protocol
 * input      a line that the user types
 * supervision  the user's stop reaches a running world, and its bar the user; interrupt asks whether to stop
 * serve      a machine on a port of this computer, for gdb; etcd servers for etcdctl; serve-cluster: a cluster for kubectl; serve-docker: an engine for docker
 * magic      commands that stand in a cell: the door for whoever brings one; shell is `%%sh` and `%%docker`, kubectl is `%%kubectl`
 * progress   a bar for any loop; bar shows it when it is worth it, bar-picture draws it, pace looks at the clock rarely
 */
import { hearConsoles } from "../../sim/lab/index.js";
import { defineKubectl } from "./kubectl.js";
import { defineShell } from "./shell.js";
import { superviseRuns } from "./supervision.js";

export * from "../../sim/lab/index.js";
export * from "./exercises.js";
export { openImageFile, type ImageFile, type ImageFileOptions } from "./file.js";
export { file } from "./file-bytes.js";
export { input, type InputOptions } from "./input.js";
export { interact } from "./interact.js";
export type { Control, Controls, Range, ValuesOf } from "./control.js";
export { defineMagic, type MagicDefinition } from "./magic.js";
export { serve, type ServedEtcdCluster, type ServedMachine, type ServeOptions } from "./serve.js";
export type { ServeDockerOptions, ServedDocker } from "./serve-docker.js";
export type { ServeClusterOptions, ServedCluster } from "./serve-cluster.js";
export { html, md, svg, type Markup } from "./markup.js";
export { progress } from "./progress.js";
export { row, column, type Box } from "./widgets/boxes.js";
export { checkbox, select, type Choice, type SelectOptions } from "./widgets/choices.js";
export {
  logSlider,
  play,
  progressBar,
  rangeSlider,
  slider,
  type PlayOptions,
  type SliderOptions,
  type Stretch,
} from "./widgets/numbers.js";
export { output, type OutputWidget } from "./widgets/output.js";
export type { LabelOptions } from "./widgets/plain-control.js";
export { button, htmlLabel, label, textField } from "./widgets/texts.js";
export type { Shown, Widget } from "./widgets/widget.js";
export { show } from "./show.js";

superviseRuns();
defineShell(defineKubectl());
// What a guest's console shows is the cell's output.
hearConsoles((text) => process.stdout.write(text));

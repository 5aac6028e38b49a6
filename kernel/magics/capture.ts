import { UsageError } from "../../sim/core/index.js";
import type { MimeBundle } from "../display/index.js";
import type { Magic, Output } from "./magic.js";

/** What `%%capture` leaves in its variable. */
interface Captured {
  /** Both streams, as printed. */
  readonly text: string;
  /** What was displayed, in order, the result last. */
  readonly bundles: readonly MimeBundle[];
}

const capturedType = "{ readonly text: string; readonly bundles: readonly { readonly [type: string]: unknown }[] }";

/** `%%capture name`: outputs become a variable. Of a cell that fails they are shown, and the variable stays as it was. */
export const capture: Magic = {
  name: "capture",
  kind: "cell",
  usage: "name",
  help: "Runs the cell and puts what it shows into a variable, { text, bundles }, the result as the last bundle.",
  async run(context, args, body) {
    const [name] = args;
    if (name === undefined || args.length > 1 || !/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) {
      throw new UsageError(
        name === undefined ? "%%capture needs a variable's name" : `"${args.join(" ")}" is no variable's name`,
        "Give one name: %%capture output.",
      );
    }
    const outputs: Output[] = [];
    let ended = false;
    const ending = await context.run(body, (output) => {
      // What comes after the end is too late for the variable.
      if (ended) context.show(output);
      else outputs.push(output);
    });
    ended = true;
    const showAll = (): void => {
      for (const output of outputs) context.show(output);
    };
    if (ending.status === "error") {
      showAll();
      return ending;
    }
    const { text, bundles } = gather(outputs);
    const captured: Captured = { text, bundles: ending.result === undefined ? bundles : [...bundles, ending.result] };
    const assigned = await context.assign(name, captured, capturedType);
    if (assigned.status === "error") {
      showAll();
      // An interrupt, for one, is not the name's fault.
      if (assigned.ename !== "SyntaxError") return assigned;
      throw new UsageError(`"${name}" can't be a variable's name`, "Choose another name: %%capture output.");
    }
    return ending.milliseconds === undefined ? undefined : { status: "ok", milliseconds: ending.milliseconds };
  },
};

/** Outputs as a client would hold them: cleared where the cell clears, updated in place. */
function gather(outputs: readonly Output[]): Captured {
  let text = "";
  let shown: { readonly id: string | undefined; data: MimeBundle }[] = [];
  /** The next output clears what is there. */
  let clearing = false;
  for (const output of outputs) {
    if (output.type === "display" && output.update) {
      for (const each of shown) if (each.id === output.displayId) each.data = output.data;
      continue;
    }
    if (output.type === "clear" ? !output.wait : clearing) {
      text = "";
      shown = [];
    }
    clearing = output.type === "clear" && output.wait;
    if (output.type === "stream") text += output.text;
    if (output.type === "display") shown.push({ id: output.displayId, data: output.data });
  }
  return { text, bundles: shown.map(({ data }) => data) };
}

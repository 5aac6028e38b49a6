import type { Runtime } from "node:inspector";
import { stripExpression } from "../lang/index.js";
import type { Inspector } from "./inspector.js";
import { RequestError, type Fields } from "./protocol.js";
import type { Frame } from "./scripts.js";
import type { Variables } from "./variables.js";

/** Runs what the user types, in a frame or (undefined) at the notebook's top level. */
export interface Evaluation {
  /** @param quietly what would change something fails instead */
  evaluate(expression: string, frame: Frame | undefined, quietly: boolean): Promise<Runtime.RemoteObject>;
  /** The MIME bundle that a cell would show for the value. */
  present(expression: string, frame: Frame | undefined): Promise<Fields>;
}

/**
 * How long an expression may compute, in ms. Nothing else reaches the main thread meanwhile, an interrupt neither: it is
 * ended by V8.
 */
const timeout = 400;
/** How much longer its answer may take. */
const margin = 200;

export function createEvaluation(inspector: Inspector, { group }: Pick<Variables, "group">): Evaluation {
  async function run(code: string, frame: Frame | undefined, quietly: boolean): Promise<Runtime.RemoteObject> {
    const params = {
      expression: code,
      objectGroup: group(),
      silent: true,
      generatePreview: true,
      throwOnSideEffect: quietly,
      timeout,
    };
    if (frame !== undefined && frame.call === undefined) {
      throw new RequestError(`${frame.name || "this function"} waits: V8 tells where, and not what its variables hold`);
    }
    const { result, exceptionDetails } =
      frame?.call === undefined
        ? await inspector.post("Runtime.evaluate", params, timeout + margin)
        : await inspector.post(
            "Debugger.evaluateOnCallFrame",
            { ...params, callFrameId: frame.call.callFrameId },
            timeout + margin,
          );
    if (exceptionDetails === undefined) return result;
    const { exception, text } = exceptionDetails;
    throw new RequestError((exception?.description ?? text).split("\n    at ")[0] ?? text);
  }

  return {
    evaluate: (expression, frame, quietly) => run(stripExpression(expression), frame, quietly),
    async present(expression, frame) {
      // exec lends what shows a value; its last bundle is the result's.
      const bundles = `globalThis[Symbol.for("virtlab.present")]((${stripExpression(expression)}))`;
      const json = await run(`JSON.stringify(${bundles}.at(-1) ?? {})`, frame, false);
      return JSON.parse(String(json.value)) as Fields;
    },
  };
}

import type { Runtime } from "node:inspector";
import type { CellBook } from "./cell-book.js";
import type { Inspector } from "./inspector.js";
import { RequestError } from "./protocol.js";
import type { Holder } from "./variables.js";

/** Gives a variable, or a property of an object, another value. @throws RequestError where that can't be */
export type Assign = (holder: Holder, name: string, value: Runtime.RemoteObject) => Promise<void>;

/** What is called on objects; the text is sent to the other thread. Each returns what is wrong, or nothing. */
const remote = {
  property: `function (name, value) {
    if (!Object.hasOwn(this, name)) return "there is no property of this name";
    return Reflect.set(this, name, value) ? "" : "it can't be changed";
  }`,
  /** A class's own name is kept under another beside it: see variables. */
  variable: `function (name, value) {
    const kept = name + "\\u200c";
    return Reflect.set(this, Object.hasOwn(this, kept) ? kept : name, value) ? "" : "it can't be changed";
  }`,
};

/** How long a setter of the user's may take, in ms. */
const timeout = 400;

export function createAssign(inspector: Inspector, book: CellBook): Assign {
  async function call(objectId: string, source: string, name: string, value: Runtime.RemoteObject): Promise<void> {
    const { result, exceptionDetails } = await inspector.post(
      "Runtime.callFunctionOn",
      { objectId, functionDeclaration: source, arguments: [{ value: name }, argument(value)], silent: true },
      timeout,
    );
    const { exception, text } = exceptionDetails ?? { text: "" };
    const why = exceptionDetails === undefined ? String(result.value) : (exception?.description ?? text);
    if (why !== "") throw new RequestError(`${name}: ${why.split("\n")[0] ?? ""}`);
  }

  async function hasOwn(objectId: string, name: string): Promise<boolean> {
    const { result } = await inspector.post("Runtime.getProperties", { objectId, ownProperties: true });
    return result.some((each) => each.name === name);
  }

  return async (holder, name, value) => {
    switch (holder.type) {
      case "notebook": {
        if (!book.variables().includes(name)) throw new RequestError(`no cell declares ${name}`);
        const { result } = await inspector.post("Runtime.evaluate", { expression: "globalThis", timeout });
        if (result.objectId !== undefined) await call(result.objectId, remote.variable, name, value);
        return;
      }
      case "scopes": {
        for (const { number, objectId } of holder.scopes) {
          if (!(await hasOwn(objectId, name))) continue;
          const { callFrameId } = holder.call;
          const newValue = argument(value);
          await inspector.post("Debugger.setVariableValue", {
            scopeNumber: number,
            variableName: name,
            newValue,
            callFrameId,
          });
          return;
        }
        throw new RequestError(`there is no variable ${name} in this scope`);
      }
      case "object":
      case "part":
        if (holder.isCopy) throw new RequestError("an entry can't be changed where it is shown: call set or add");
        return call(holder.objectId, remote.property, name, value);
    }
  };
}

/** What an evaluation gave, for V8 to take. */
function argument({ objectId, unserializableValue, value }: Runtime.RemoteObject): Runtime.CallArgument {
  if (objectId !== undefined) return { objectId };
  return unserializableValue === undefined ? { value: value as unknown } : { unserializableValue };
}

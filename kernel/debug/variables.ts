import type { Debugger, Runtime } from "node:inspector";
import type { CellBook } from "./cell-book.js";
import type { Inspector } from "./inspector.js";
import { RequestError, type Scope, type Variable } from "./protocol.js";
import type { Frame } from "./scripts.js";
import { elementCount, valueText, valueType } from "./values.js";

/** Shows what variables hold. Nothing here runs a getter or other code of the user's. */
export interface Variables {
  /** The scopes of a frame, the innermost first. */
  scopes(frame: Frame): Promise<readonly Scope[]>;
  /** What a reference stands for. @throws RequestError where it stands for nothing any more */
  children(reference: number): Promise<readonly Variable[]>;
  /** What cells declared at their top level. */
  notebook(): Promise<readonly Variable[]>;
  show(name: string, value: Runtime.RemoteObject): Variable;
  /** @throws RequestError where the reference stands for nothing any more */
  holder(reference: number): Holder;
  /** The frame whose scope the reference stands for. */
  frame(reference: number): Frame | undefined;
  /** Forgets all references: the thread goes on, or what they stood for is asked anew. What is being read is read to its end. */
  forget(): void;
  /** Under this name V8 keeps what is looked at from being collected, until the references to it are forgotten. */
  group(): string;
  /** Who will read them, by the name that it gives in `initialize`. */
  showTo(client: string): void;
}

/** What a reference stands for. */
export type Holder =
  | { readonly type: "notebook" }
  /** Objects whose properties are variables; the first that has a name has it. */
  | {
      readonly type: "scopes";
      readonly scopes: readonly ScopeObject[];
      readonly self: Runtime.RemoteObject | undefined;
      readonly frame: Frame;
      readonly call: Debugger.CallFrame;
    }
  | ({ readonly type: "object"; readonly length: number | undefined } & Held)
  | ({ readonly type: "part"; readonly from: number; readonly to: number } & Held);

interface ScopeObject {
  /** In V8's list of the frame's. */
  readonly number: number;
  readonly objectId: string;
}

interface Held {
  readonly objectId: string;
  /** V8 made it to show what is in a map or set. */
  readonly isCopy: boolean;
}

/** How long an evaluation of the room's own may take, in ms. */
const timeout = 400;

/** Objects with more elements or properties come in parts. */
const part = 100;

/** The transform's own: `Name\u200c` stands for `Name`, and other names with it stand for nothing of the user's. */
const joiner = "\u200c";
const isOwn = (name: string): boolean => name === "babelHelpers" || /^(?:keep|kept\d+)\u200c$/.test(name);

/** What is called on objects; the text is sent to the other thread. */
const remote = {
  /** The variables of the notebook as an object of their own; accessors are taken over unread. */
  notebook: `(names) => {
    const found = Object.create(null);
    for (const name of names) {
      const property =
        Object.getOwnPropertyDescriptor(globalThis, name + "\\u200c") ?? Object.getOwnPropertyDescriptor(globalThis, name);
      if (property !== undefined) Object.defineProperty(found, name, { ...property, enumerable: true });
    }
    return found;
  }`,
  count: "function () { return Object.getOwnPropertyNames(this).length; }",
  part: `function (from, to) {
    const found = Object.create(null);
    const elements = Array.isArray(this) || ArrayBuffer.isView(this);
    const names = elements ? undefined : Object.getOwnPropertyNames(this);
    for (let at = from; at < to; at++) {
      const name = elements ? String(at) : names[at];
      const property = Object.getOwnPropertyDescriptor(this, name);
      if (property !== undefined) Object.defineProperty(found, name, property);
    }
    return found;
  }`,
};

export function createVariables(inspector: Inspector, book: CellBook): Variables {
  let holders: Holder[] = [];
  let typed = true;
  /** References of different stops are different numbers. */
  let forgotten = 0;
  let groups = 0;
  /** Forgotten, but not released: a client that asks faster than it is answered has reads into them under way. */
  let stale: string[] = [];
  let reads = 0;

  const group = (): string => `virtlab.debug.${groups}`;

  function release(): void {
    if (reads > 0) return;
    for (const objectGroup of stale)
      inspector.post("Runtime.releaseObjectGroup", { objectGroup }).catch(() => undefined);
    stale = [];
  }

  async function reading<T>(read: () => Promise<T>): Promise<T> {
    reads++;
    try {
      return await read();
    } finally {
      reads--;
      release();
    }
  }

  function hold(holder: Holder): number {
    holders.push(holder);
    return forgotten + holders.length;
  }

  function holder(reference: number): Holder {
    const found = holders[reference - forgotten - 1];
    if (found === undefined) throw new RequestError(`variables: nothing is known under the reference ${reference}`);
    return found;
  }

  function referenceTo(value: Runtime.RemoteObject, isEntries: boolean): number {
    const { objectId, subtype } = value;
    if (objectId === undefined || value.type === "symbol") return 0;
    const isCopy = isEntries || String(subtype) === "internal#entry";
    return hold({ type: "object", objectId, length: subtype === "proxy" ? 0 : elementCount(value), isCopy });
  }

  function show(name: string, value: Runtime.RemoteObject, isEntries = false): Variable {
    return {
      name,
      value: valueText(value),
      ...(typed ? { type: valueType(value) } : {}),
      variablesReference: referenceTo(value, isEntries),
    };
  }

  function showProperty({ name, value, get, symbol }: Runtime.PropertyDescriptor): Variable {
    const shown = symbol === undefined ? name.replace(joiner, "") : `[${symbol.description ?? name}]`;
    if (value !== undefined) return show(shown, value);
    const accessor = get !== undefined && get.type !== "undefined";
    return { name: shown, value: accessor ? "(getter, not run)" : "(no value)", variablesReference: 0 };
  }

  async function properties(objectId: string): Promise<readonly Variable[]> {
    const found = await inspector.post("Runtime.getProperties", {
      objectId,
      ownProperties: true,
      generatePreview: true,
    });
    const own = found.result.filter(({ name }) => name !== "__proto__" && !isOwn(name));
    const inOrder = [...own.filter(({ enumerable }) => enumerable), ...own.filter(({ enumerable }) => !enumerable)];
    const internal = (found.internalProperties ?? []).filter(({ name }) => shownInternals.has(name));
    return [
      ...inOrder.map(showProperty),
      ...internal.flatMap(({ name, value }) =>
        value === undefined ? [] : [show(name, value, name === "[[Entries]]")],
      ),
    ];
  }

  /** The elements from one to before another, in at most `part` parts of parts where they are many. */
  async function elements(held: Held, from: number, to: number): Promise<readonly Variable[]> {
    const { objectId, isCopy } = held;
    if (to - from > part) {
      let size = part;
      while ((to - from) / size > part) size *= part;
      const starts = Array.from({ length: Math.ceil((to - from) / size) }, (_, index) => from + index * size);
      return starts.map((start) => {
        const end = Math.min(start + size, to);
        const variablesReference = hold({ type: "part", objectId, isCopy, from: start, to: end });
        return { name: `[${start}…${end - 1}]`, value: `${end - start} of them`, variablesReference };
      });
    }
    const { result } = await inspector.post("Runtime.callFunctionOn", {
      objectId,
      functionDeclaration: remote.part,
      arguments: [{ value: from }, { value: to }],
      objectGroup: group(),
      silent: true,
    });
    return result.objectId === undefined ? [] : properties(result.objectId);
  }

  async function object(held: Held, length: number | undefined): Promise<readonly Variable[]> {
    const { objectId } = held;
    let count = length;
    if (count === undefined) {
      const asked = { objectId, functionDeclaration: remote.count, returnByValue: true, silent: true };
      const { result } = await inspector.post("Runtime.callFunctionOn", asked);
      count = Number(result.value);
    }
    return count > part ? elements(held, 0, count) : properties(objectId);
  }

  async function notebook(): Promise<readonly Variable[]> {
    const { result } = await inspector.post("Runtime.evaluate", {
      expression: `(${remote.notebook})(${JSON.stringify(book.variables())})`,
      objectGroup: group(),
      silent: true,
      timeout,
    });
    return result.objectId === undefined ? [] : properties(result.objectId);
  }

  async function scopeVariables(
    scopes: readonly ScopeObject[],
    self: Runtime.RemoteObject | undefined,
  ): Promise<readonly Variable[]> {
    const found = new Map<string, Variable>();
    if (self !== undefined) found.set("this", show("this", self));
    for (const { objectId } of scopes) {
      for (const variable of await properties(objectId)) {
        if (!found.has(variable.name)) found.set(variable.name, variable);
      }
    }
    return [...found.values()];
  }

  async function scopesOf(frame: Frame): Promise<readonly Scope[]> {
    const { call, topLevel } = frame;
    const scopes: Scope[] = [];
    if (call !== undefined) {
      const of = (wanted: ReadonlySet<string>): readonly ScopeObject[] =>
        call.scopeChain.flatMap(({ type, object: { objectId } }, number) =>
          wanted.has(type) && objectId !== undefined ? [{ number, objectId }] : [],
        );
      const self = isReceiver(call) ? call.this : undefined;
      const locals = of(localScopes);
      const outer = of(outerScopes);
      // At a cell's top level there is most often nothing that isn't the notebook's.
      if (!topLevel || (await scopeVariables(locals, self)).length > 0) {
        const variablesReference = hold({ type: "scopes", scopes: locals, self, frame, call });
        scopes.push({ name: "Locals", presentationHint: "locals", variablesReference, expensive: false });
      }
      if (outer.length > 0 && (await scopeVariables(outer, undefined)).length > 0) {
        const variablesReference = hold({ type: "scopes", scopes: outer, self: undefined, frame, call });
        scopes.push({ name: "Closure", variablesReference, expensive: false });
      }
    }
    scopes.push({ name: "Globals", variablesReference: hold({ type: "notebook" }), expensive: false });
    return scopes;
  }

  async function children(reference: number): Promise<readonly Variable[]> {
    const held = holder(reference);
    switch (held.type) {
      case "notebook":
        return notebook();
      case "scopes":
        return scopeVariables(held.scopes, held.self);
      case "object":
        return object(held, held.length);
      case "part":
        return elements(held, held.from, held.to);
    }
  }

  return {
    show,
    group,
    notebook: () => reading(notebook),
    scopes: (frame) => reading(() => scopesOf(frame)),
    holder,
    frame(reference) {
      const found = holder(reference);
      return found.type === "scopes" ? found.frame : undefined;
    },
    children: (reference) => reading(() => children(reference)),
    forget() {
      forgotten += holders.length;
      holders = [];
      stale.push(group());
      groups++;
      release();
    },
    showTo(client) {
      typed = !untyped.has(client);
    },
  };
}

const localScopes: ReadonlySet<string> = new Set(["local", "block", "catch", "with", "eval"]);
const outerScopes: ReadonlySet<string> = new Set(["closure", "module"]);

/** Of what V8 tells beside properties. */
const shownInternals: ReadonlySet<string> = new Set([
  "[[Entries]]",
  "[[PrimitiveValue]]",
  "[[PromiseState]]",
  "[[PromiseResult]]",
  "[[Target]]",
  "[[Handler]]",
]);

/** Whether `this` is an object that the function was called on. */
function isReceiver({ this: self }: Debugger.CallFrame): boolean {
  return self.type !== "undefined" && self.className !== "global" && self.description !== "global";
}

/**
 * Clients that are told no types. JupyterLab's tree shows a variable's type in the place of its value, unless that is
 * `int`, `float`, `bool` or `str` (@jupyterlab/debugger 4.6, `convertType` in panels/variables).
 */
const untyped: ReadonlySet<string> = new Set(["jupyterlab"]);

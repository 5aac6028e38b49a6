import type { HelperMode } from "oxc-transform";

/**
 * What the type stripper's output calls for syntax that Node 20 lacks, under the names of Babel's helpers. Each is
 * written into the script of a cell that needs it, so none may use anything but its arguments and the language.
 */

/**
 * Helpers as members of a `babelHelpers`. The package declares an ambient `const enum`, whose members TypeScript lets
 * nobody name under `verbatimModuleSyntax`: hence the assertion.
 */
export const EXTERNAL_HELPERS: HelperMode = "External" as unknown as HelperMode;

type Decorator = (target: unknown, key?: string | symbol, descriptor?: PropertyDescriptor | number | null) => unknown;

/** TypeScript's `experimentalDecorators`: the last decorator is applied first. */
function decorate(
  decorators: readonly Decorator[],
  target: object,
  key?: string | symbol,
  found?: PropertyDescriptor | null,
): unknown {
  const member = key !== undefined;
  let result: unknown = !member ? target : found === null ? Object.getOwnPropertyDescriptor(target, key) : found;
  for (const decorator of decorators.toReversed())
    result = (member ? decorator(target, key, result as PropertyDescriptor | undefined) : decorator(result)) ?? result;
  if (member && typeof result === "object" && result !== null)
    Object.defineProperty(target, key, result as PropertyDescriptor);
  return result;
}

function decorateParam(index: number, decorator: Decorator): Decorator {
  return (target, key) => decorator(target, key, index);
}

/** `using` and `await using`: the proposal's DisposeCapability, disposed in reverse order, errors chained. */
function usingCtx(): {
  e: unknown;
  u: (value: unknown) => unknown;
  a: (value: unknown) => unknown;
  d: () => unknown;
} {
  type Dispose = () => unknown;
  const none: unknown = {};
  const held: { readonly dispose: Dispose | undefined; readonly awaited: boolean }[] = [];
  const hold = (value: unknown, awaited: boolean): unknown => {
    if (value === null || value === undefined) {
      if (awaited) held.push({ dispose: undefined, awaited });
      return value;
    }
    if (typeof value !== "object" && typeof value !== "function")
      throw new TypeError("using declarations can only be used with objects, functions, null, or undefined");
    let dispose: unknown = awaited ? Reflect.get(value, Symbol.asyncDispose) : undefined;
    dispose ??= Reflect.get(value, Symbol.dispose);
    if (typeof dispose !== "function") throw new TypeError("Property [Symbol.dispose] is not a function");
    held.push({ dispose: () => Reflect.apply(dispose as Dispose, value, []), awaited });
    return value;
  };
  const suppressed = (error: unknown, earlier: unknown): unknown => {
    if (earlier === none) return error;
    const both = new Error("An error was suppressed during disposal");
    return Object.assign(both, { name: "SuppressedError", error, suppressed: earlier });
  };
  const context = {
    e: none,
    u: (value: unknown): unknown => hold(value, false),
    a: (value: unknown): unknown => hold(value, true),
    d: (): unknown => {
      const next = (): unknown => {
        for (let resource = held.pop(); resource !== undefined; resource = held.pop()) {
          try {
            const result = resource.dispose?.();
            if (resource.awaited)
              return Promise.resolve(result).then(next, (error: unknown) => {
                context.e = suppressed(error, context.e);
                return next();
              });
          } catch (error) {
            context.e = suppressed(error, context.e);
          }
        }
        if (context.e !== none) throw context.e as Error;
        return undefined;
      };
      return next();
    },
  };
  return context;
}

/** The statement that a script with such calls begins with. */
export function helperSource(): string {
  return `var babelHelpers = { decorate: ${decorate.toString()}, decorateParam: ${decorateParam.toString()}, usingCtx: ${usingCtx.toString()} };\n`;
}

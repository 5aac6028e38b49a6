import vm from "node:vm";
import { stripExpression } from "../lang/index.js";
import type { SourceBreakpoint } from "./protocol.js";

/**
 * V8 knows one condition of a breakpoint: an expression in JavaScript, evaluated at its place. Hits are counted and
 * messages are printed in it too, so that a hot loop isn't halted for each of its rounds.
 * @param key under which the main thread counts its hits
 * @returns undefined where it stops always
 */
export function breakCondition(wanted: SourceBreakpoint, key: string): string | undefined {
  const { condition, hitCondition, logMessage } = wanted;
  const parts: string[] = [];
  if (condition !== undefined) parts.push(`(${stripExpression(condition)})`);
  const hits = hitCondition === undefined ? undefined : hitTest(hitCondition);
  if (hits !== undefined) parts.push(`${counted(key)} ${hits}`);
  if (logMessage !== undefined) parts.push(`(${printed(logMessage)}, false)`);
  return parts.length === 0 ? undefined : parts.join(" && ");
}

/** What is wrong with it, for the user: V8 would take it, and never stop. */
export function flawOf({ condition, hitCondition, logMessage }: SourceBreakpoint): string | undefined {
  if (hitCondition !== undefined && hitTest(hitCondition) === undefined) {
    return `"${hitCondition}" is no count of hits: write 3 (the third), >= 3, or % 3 (every third).`;
  }
  const expressions = messageParts(logMessage ?? "").flatMap((part) => (typeof part === "string" ? [] : [part.code]));
  for (const code of condition === undefined ? expressions : [condition, ...expressions]) {
    try {
      new vm.Script(`(${stripExpression(code)}\n)`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      // A class's own names are known where the breakpoint stands.
      if (!why.startsWith("Private field")) return `"${code}" is no expression: ${why}`;
    }
  }
  return undefined;
}

/** As in other debuggers: a number alone is that hit, an operator compares, `%` stops at each multiple. */
function hitTest(text: string): string | undefined {
  const [, operator = "=", count] = /^\s*(>=|<=|={1,3}|>|<|%)?\s*(\d+)\s*$/.exec(text) ?? [];
  if (count === undefined) return undefined;
  if (operator === "%") return Number(count) === 0 ? undefined : `% ${count} === 0`;
  return `${operator.startsWith("=") ? "===" : operator} ${count}`;
}

const counted = (key: string): string =>
  `((all) => (all["${key}"] = (all["${key}"] ?? 0) + 1))(globalThis[Symbol.for("virtlab.hits")] ??= {})`;

/** Prints at the cell, as the cell itself would. What can't be evaluated says why in its place. */
function printed(message: string): string {
  const parts = messageParts(message);
  const format = parts.map((part) => (typeof part === "string" ? part.replaceAll("%", "%%") : "%s")).join("");
  const values = parts.flatMap((part) =>
    typeof part === "string" ? [] : [`read(() => (${stripExpression(part.code)}\n))`],
  );
  const read = "(get) => { try { return get(); } catch (error) { return `<${error}>`; } }";
  // With an argument in any case: Node leaves `%%` as it is in a message that stands alone.
  const list = [JSON.stringify(`${format}%s`), ...values, '""'].join(", ");
  return `((read) => globalThis.console.log(${list}))(${read})`;
}

/** A message's text and, in braces, its expressions, which may have braces of their own. */
function messageParts(message: string): readonly (string | { readonly code: string })[] {
  const parts: (string | { readonly code: string })[] = [];
  let rest = 0;
  for (let at = 0; at < message.length; at++) {
    if (message[at] !== "{") continue;
    const end = closingBrace(message, at);
    if (end === undefined) break;
    parts.push(message.slice(rest, at), { code: message.slice(at + 1, end) });
    rest = end + 1;
    at = end;
  }
  return [...parts, message.slice(rest)];
}

function closingBrace(message: string, from: number): number | undefined {
  let depth = 0;
  for (let at = from; at < message.length; at++) {
    if (message[at] === "{") depth++;
    if (message[at] === "}" && --depth === 0) return at;
  }
  return undefined;
}

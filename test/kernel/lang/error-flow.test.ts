import { expect, test } from "vitest";
import { findErrorFlows, type ErrorFlow } from "../../../kernel/lang/index.js";

/** At the place of `here` in a script. */
function flowHere(script: string): ErrorFlow {
  const before = script.slice(0, script.indexOf("here")).split("\n");
  return findErrorFlows(script)(before.length, (before.at(-1)?.length ?? 0) + 1);
}

test.each([
  ["in a try with a catch", "try {\n  here();\n} catch {}", true],
  ["in one around it", "try { if (x) { here() } } catch (e) { throw e }", true],
  ["in the inner try alone", "try { try { here() } finally {} } catch {}", true],
  ["at the top", "here()", false],
  ["in a try without a catch", "try { here() } finally {}", false],
  ["in the catch", "try { f() } catch { here() }", false],
  ["in the finally", "try { f() } catch {} finally { here() }", false],
  ["in a function that is made in a try", "try { f = () => { here() } } catch {}", false],
  ["in a method that is made in a try", "try { class A { m() { here() } } } catch {}", false],
  ["in a try of that function", "try { f = function () { try { here() } catch {} } } finally {}", true],
  ["in a module's body, as Node has it", "if (x) return;\ntry { here() } catch {}", true],
  ["in what doesn't parse", "try { here() } catch {", false],
])("caught %s", (_, script, caught) => {
  expect(flowHere(script).catches).toBe(caught);
});

test.each([
  ["async () => { await here(); }", "awaited"],
  ["async () => { const x = (await here()).y; }", "awaited"],
  ["async () => { await here().then(f); }", "awaited"],
  ["async () => { await Promise.all([1, f ? here() : 2]); }", "awaited"],
  ["async () => { await Promise.all(list.here(f)); }", "awaited"],
  ["here().catch(f);", "handled"],
  ["const p = here().then(f).finally(g).catch(h);", "handled"],
  ["here().then(f, g);", "handled"],
  ["Promise.race([here(), late]).catch(f);", "handled"],
  ["function f() { return here(); }", "returned"],
  ["const f = () => here().then(g);", "returned"],
  ["here();", "dropped"],
  ["void here();", "dropped"],
  ["here().then(f);", "dropped"],
  ["const p = here();", "kept"],
  ["p = { q: here() };", "kept"],
  ["take(here());", "kept"],
  ["here().size;", "kept"],
])("the promise of %s is %s", (script, use) => {
  expect(flowHere(script).promise).toBe(use);
});

test("the function around a place starts somewhere, and is asynchronous or not", () => {
  expect(flowHere("x;\nasync function f() {\n  here();\n}").within).toEqual({
    start: { line: 2, column: 1 },
    isAsync: true,
  });
  expect(flowHere("async () => { list.map(() => { here(); }); }").within?.isAsync).toBe(false);
  expect(flowHere("here();").within).toBeUndefined();
});

test.each([
  ["Promise.here(x).catch(f);", false],
  ["Promise.reject(x).catch(f);", true],
  ["new Promise((_, no) => no(1));", true],
  ["other.reject(x);", false],
])("%s makes a promise: %s", (script, makes) => {
  expect(findErrorFlows(script)(1, script.startsWith("new") ? 1 : script.indexOf(".") + 2).makesPromise).toBe(makes);
});

test.each([
  ["await p;", false],
  ["await p.then(f);", false],
  ["await p.catch(f).then(g);", true],
  ["await (p.then(f, g));", true],
  ["await Promise.allSettled([p]);", true],
  ["await Promise.all([p, q.catch(f)]);", true],
  ["await Promise.race([p, q]);", false],
])("%s awaits what is handled: %s", (script, handled) => {
  const inFunction = `async () => { ${script} }`;
  expect(findErrorFlows(inFunction)(1, inFunction.indexOf("await") + 1).awaitsHandled).toBe(handled);
});

import { expect, test } from "vitest";
import { findGuards } from "../../../kernel/lang/index.js";

/** The place of `here` in a script. */
function caughtHere(script: string): boolean {
  const before = script.slice(0, script.indexOf("here")).split("\n");
  return findGuards(script)(before.length, (before.at(-1)?.length ?? 0) + 1);
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
])("%s", (_, script, caught) => {
  expect(caughtHere(script)).toBe(caught);
});

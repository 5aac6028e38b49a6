/**
 * What the suites' JSON reports say, last and short.
 *
 *   node .ci/summary.mjs REPORT…          every failure by name, what passed at the second try, the first report's counts;
 *                                         REPORT.json is a run, REPORT.again.json the second one of its failed files
 *   node .ci/summary.mjs --failed FILE    the test files that failed, each on a line
 */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const isFailed = ({ status }) => status === "failed";
const place = (name) => relative(process.cwd(), name);

/** The files' results, those of the second run in place of the first. */
function resultsOf(report) {
  const results = new Map(read(`${report}.json`).testResults.map((result) => [result.name, result]));
  if (!existsSync(`${report}.again.json`)) return results;
  for (const result of read(`${report}.again.json`).testResults) {
    if (!isFailed(result)) {
      for (const { fullName } of results.get(result.name)?.assertionResults.filter(isFailed) ?? []) {
        console.log(`passed at the second try (${report}): ${place(result.name)}: ${fullName}`);
      }
    }
    results.set(result.name, result);
  }
  return results;
}

if (process.argv[2] === "--failed") {
  for (const { name } of read(process.argv[3]).testResults.filter(isFailed)) console.log(place(name));
} else {
  const counts = process.argv.slice(2).map((report) => {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const { name, message, status, assertionResults } of resultsOf(report).values()) {
      for (const test of assertionResults) {
        count[test.status === "passed" || test.status === "failed" ? test.status : "skipped"]++;
        if (isFailed(test)) {
          console.log(
            `failed (${report}): ${place(name)}: ${test.fullName}\n  ${test.failureMessages[0]?.split("\n")[0] ?? ""}`,
          );
        }
      }
      if (status === "failed" && !assertionResults.some(isFailed))
        console.log(`failed (${report}): ${place(name)}: ${message}`);
    }
    return count;
  });
  const [{ passed, failed, skipped }] = counts;
  console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
}

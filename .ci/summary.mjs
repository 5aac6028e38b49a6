// What the suites' JSON reports say, last and short: every failure by name, then the counts of the first report.
import { readFileSync } from "node:fs";

const [first, ...others] = process.argv.slice(2).map((file) => ({ file, ...JSON.parse(readFileSync(file, "utf8")) }));
for (const { file, testResults } of [first, ...others]) {
  for (const { name, message, status, assertionResults } of testResults) {
    const failures = assertionResults.filter((test) => test.status === "failed");
    for (const { fullName, failureMessages } of failures) {
      console.log(`failed in ${file}: ${name}: ${fullName}\n  ${failureMessages[0]?.split("\n")[0] ?? ""}`);
    }
    if (status === "failed" && failures.length === 0) console.log(`failed in ${file}: ${name}: ${message}`);
  }
}
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = first;
console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests + numTodoTests} skipped`);

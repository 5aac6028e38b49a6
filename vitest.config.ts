import { defineConfig } from "vitest/config";

/**
 * `npm test` takes the fixed fast samples; `npm run test:long` (mode "long") the long forms.
 * The projects differ in what they need: `sim` and `unit` nothing but the sources, `kernel` a built kernel that it spawns,
 * and clients, Python's Jupyter and Debian's tools among them (a suite whose tool is absent says so and is skipped).
 */
export default defineConfig(({ mode }) => {
  // Nothing that a test runs goes into the developer's own history.
  const env = { VIRTLAB_LONG: mode === "long" ? "1" : "", VIRTLAB_HISTORY: "off" };
  const shared = { env, expect: { requireAssertions: true } };
  return {
    test: {
      ...shared,
      projects: [
        {
          test: {
            ...shared,
            name: "sim",
            include: ["test/{sim,structure,paper}/**/*.test.ts"],
            testTimeout: 30_000,
            // The simulator has no state of its own to be kept apart: files share the modules that they load.
            isolate: false,
          },
        },
        {
          test: {
            ...shared,
            name: "unit",
            include: ["test/kernel/**/*.test.ts"],
            testTimeout: 30_000,
          },
        },
        {
          test: {
            ...shared,
            name: "kernel",
            include: ["test/{conformance,differential,notebooks,clients,bench}/**/*.test.ts"],
            // A browser beside other work takes its time.
            expect: { ...shared.expect, poll: { timeout: 20_000 } },
            testTimeout: 300_000,
            hookTimeout: 300_000,
            fileParallelism: false,
          },
        },
      ],
    },
  };
});

import { defineConfig } from "vitest/config";

/** What drives Debian's tools and foreign software, and looks at no clock. */
const tools = [
  "test/{differential,bench}/**/*.test.ts",
  "test/clients/{c-programs,deploy,disk-tools,etcdctl,firmware,virtual-firmware,linux,virtual-linux}.test.ts",
  "test/clients/{image-registry,image-tools,nbconvert,run-notebook,vscode}.test.ts",
];

/**
 * `npm test` takes the fixed fast samples; `npm run test:long` (mode "long") the long forms.
 * The projects differ in what they need: `sim` and `unit` nothing but the sources, `tools` Debian's tools and foreign software,
 * `kernel` a built kernel that it spawns and its clients, Python's Jupyter and browsers among them (a suite whose tool is absent
 * says so and is skipped). What looks at clocks is in `kernel`, a file at a time; of all others there run as many as processors.
 */
export default defineConfig(({ mode }) => {
  // Nothing that a test runs goes into the developer's own history.
  const env = { VIRTLAB_LONG: mode === "long" ? "1" : "", VIRTLAB_HISTORY: "off" };
  const shared = { env, expect: { requireAssertions: true } };
  // A browser beside other work takes its time.
  const patient = { ...shared.expect, poll: { timeout: 20_000 } };
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
            maxWorkers: "100%",
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
            maxWorkers: "100%",
          },
        },
        {
          test: {
            ...shared,
            name: "tools",
            include: tools,
            expect: patient,
            testTimeout: 300_000,
            hookTimeout: 300_000,
            maxWorkers: "100%",
          },
        },
        {
          test: {
            ...shared,
            name: "kernel",
            include: ["test/{conformance,notebooks,clients}/**/*.test.ts"],
            exclude: tools,
            expect: patient,
            testTimeout: 300_000,
            hookTimeout: 300_000,
            fileParallelism: false,
          },
        },
      ],
    },
  };
});

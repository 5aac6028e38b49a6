import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("a plain Node script imports the package and runs an experiment", () => {
  const script = `
    import { lab, GiB, show } from "virtlab";
    const disk = lab({ seed: 1 }).disk({ size: GiB(4) });
    const [home] = disk.partition([{ size: GiB(1) }]);
    show(home.image({ format: "qcow2", size: GiB(1) }).locate({ cylinder: 3, head: 2, sector: 1 }));
  `;
  const args = ["--input-type=module", "--eval", script];
  const printed = execFileSync(process.execPath, args, {
    cwd: join(import.meta.dirname, "..", ".."),
    encoding: "utf8",
  });
  expect(printed).toMatch(/byte of the virtual disk +3150 · 512 +1612800/);
});

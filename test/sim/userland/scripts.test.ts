import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inEmptyDirectory, linux } from "./system.js";

/** What a shell printed and ended with. */
interface Outcome {
  readonly stdout: string;
  readonly status: number;
}

/** What dash did with a script, and busybox's sh where that is something else. */
interface Recorded extends Outcome {
  readonly script: string;
  readonly busybox?: Outcome;
}

const directory = join(import.meta.dirname, "recorded");
const scripts = readFileSync(join(directory, "scripts.txt"), "utf8").split(/^----\n/m);
const file = join(directory, "scripts.json");

/** A real shell's outcome in an empty directory, with itself as `sh`. */
function real(shell: readonly string[], script: string): Outcome {
  const place = mkdtempSync(join(tmpdir(), "virtlab-sh-"));
  const bin = mkdtempSync(join(tmpdir(), "virtlab-sh-bin-"));
  try {
    symlinkSync(shell[0] ?? "", join(bin, "sh"));
    const { stdout, status, signal } = spawnSync("sh", ["-c", script, "sh"], {
      cwd: place,
      env: { PATH: `${bin}:/usr/bin:/bin`, HOME: "/root", LC_ALL: "C" },
      encoding: "utf8",
      input: "",
    });
    return { stdout, status: signal === null ? (status ?? -1) : 128 + constants.signals[signal] };
  } finally {
    for (const path of [place, bin]) rmSync(path, { recursive: true, force: true });
  }
}

const record = process.env["VIRTLAB_RECORD"];
if (record !== undefined) {
  // VIRTLAB_RECORD names a busybox; dash is where Debian has it.
  const rows = scripts.map((script): Recorded => {
    const dash = real(["/usr/bin/dash"], script);
    const busybox = real([record], script);
    const same = busybox.stdout === dash.stdout && busybox.status === dash.status;
    return { script, ...dash, ...(!same && { busybox }) };
  });
  writeFileSync(file, `${JSON.stringify(rows, undefined, 1)}\n`);
}

const recorded = JSON.parse(readFileSync(file, "utf8")) as readonly Recorded[];

describe("scripts do what dash does with them", () => {
  const kernel = linux();

  test("each script is recorded", () => {
    expect(scripts.length).toBeGreaterThanOrEqual(300);
    expect(recorded.map(({ script }) => script)).toEqual(scripts);
  });

  test.each(recorded)("$script", ({ script, stdout, status }) => {
    const done = inEmptyDirectory(kernel, script);
    expect({ stdout: done.stdout, status: done.status }, done.stderr).toEqual({ stdout, status });
  });

  test("busybox agrees with dash about most of them", () => {
    const differing = recorded.filter(({ busybox }) => busybox !== undefined);
    expect(differing.length).toBeLessThan(scripts.length * 0.15);
  });
});

/** Why real shells aren't asked again; undefined where they are. */
function whyNot(): string | undefined {
  if (process.platform !== "linux" || !existsSync("/usr/bin/dash")) return "there is no dash here";
  if (process.getuid?.() !== 0) return "the recording is root's";
  return realpathSync("/bin/sh") === realpathSync("/usr/bin/dash") ? undefined : "/bin/sh is not dash";
}
const reason = whyNot();

test.skipIf(reason !== undefined)(`the recording is what dash does${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  // One in eight in a run of all tests; all of them in the long one.
  const step = process.env["VIRTLAB_LONG"] === undefined ? 8 : 1;
  const some = recorded.filter((_, at) => at % step === 0);
  for (const { script, stdout, status } of some)
    expect({ script, ...real(["/usr/bin/dash"], script) }).toEqual({ script, stdout, status });
});

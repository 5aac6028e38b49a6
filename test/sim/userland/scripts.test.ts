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

const withMessages = (script: string): string => `{ ${script.trimEnd()}\n} 2>&1\n`;

/** Scripts, and what real ones did: of the language, and of commands, awk and sums, whose messages are compared as well. */
const corpora = [
  { name: "scripts", asked: (script: string): string => script },
  { name: "commands", asked: withMessages },
  { name: "awk", asked: withMessages },
  { name: "checksums", asked: withMessages },
  { name: "archives", asked: withMessages },
] as const;
const path = (name: string): string => join(import.meta.dirname, "recorded", name);
const scriptsOf = (name: string): readonly string[] => readFileSync(path(`${name}.txt`), "utf8").split(/^----\n/m);

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
if (record !== undefined)
  for (const { name, asked } of corpora) {
    // VIRTLAB_RECORD names a busybox; dash is where Debian has it.
    const rows = scriptsOf(name).map((script): Recorded => {
      const dash = real(["/usr/bin/dash"], asked(script));
      if (name !== "scripts") return { script, ...dash };
      const busybox = real([record], asked(script));
      const same = busybox.stdout === dash.stdout && busybox.status === dash.status;
      return { script, ...dash, ...(!same && { busybox }) };
    });
    writeFileSync(path(`${name}.json`), `${JSON.stringify(rows, undefined, 1)}\n`);
  }

const recordedOf = (name: string): readonly Recorded[] =>
  JSON.parse(readFileSync(path(`${name}.json`), "utf8")) as readonly Recorded[];

describe.each(corpora)("$name do what they do on Debian", ({ name, asked }) => {
  const kernel = linux();
  const recorded = recordedOf(name);

  test("each is recorded", () => {
    expect(recorded.map(({ script }) => script)).toEqual(scriptsOf(name));
  });

  test.each(recorded)("$script", ({ script, stdout, status }) => {
    const done = inEmptyDirectory(kernel, asked(script));
    expect({ stdout: done.stdout, status: done.status }, done.stderr).toEqual({ stdout, status });
  });
});

test("there are enough of them, and busybox agrees with dash about most", () => {
  const recorded = recordedOf("scripts");
  expect(recorded.length).toBeGreaterThanOrEqual(300);
  const differing = recorded.filter(({ busybox }) => busybox !== undefined);
  expect(differing.length).toBeLessThan(recorded.length * 0.15);
});

/** Why real shells aren't asked again; undefined where they are. */
function whyNot(): string | undefined {
  if (process.platform !== "linux" || !existsSync("/usr/bin/dash")) return "there is no dash here";
  if (process.getuid?.() !== 0) return "the recording is root's";
  return realpathSync("/bin/sh") === realpathSync("/usr/bin/dash") ? undefined : "/bin/sh is not dash";
}
const reason = whyNot();
/** The recording is mawk's, which Debian has; others differ in what POSIX leaves open. */
const hasMawk = existsSync("/usr/bin/awk") && realpathSync("/usr/bin/awk").endsWith("/mawk");

test.skipIf(reason !== undefined)(
  `the recording is what dash does${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    // One in eight in a run of all tests; all of them in the long one.
    const step = process.env["VIRTLAB_LONG"] === "1" ? 1 : 8;
    for (const { name, asked } of corpora.filter((one) => one.name !== "awk" || hasMawk))
      for (const { script, stdout, status } of recordedOf(name).filter((_, at) => at % step === 0))
        expect({ script, ...real(["/usr/bin/dash"], asked(script)) }).toEqual({ script, stdout, status });
  },
);

import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { container } from "../../kernel/api/index.js";
import { corpus } from "./docker-corpus.js";
import { clientBench, docker, dockerHost, type ClientBench } from "./docker-engine.js";

interface Said {
  readonly out: string;
  readonly err: string;
  readonly status: number;
}

/** Where a line's output depends on the clock of this computer, on processes' numbers, or on where the test's folder is. */
const passing: readonly (readonly [RegExp, string])[] = [
  [/\b(?:Less than a second|\d+ seconds?|About a minute|\d+ minutes?)( ago)?\b {0,20}/g, "<time>$1 "],
  [/\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[.\dZ]*/g, "<time>"],
  // What a table is as wide as its times are.
  [/(CREATED|STATUS|2 years ago) +/g, "$1 "],
];

/** Where ours differs on purpose: what the stock client says, and why ours says otherwise. */
const declared: readonly { readonly why: string; readonly from: RegExp; readonly to: string }[] = [
  { why: "each is a build of its own", from: /20\.10\.\d+\+dfsg\d+, build \w+/g, to: "20.10.24, build virtlab" },
  { why: "Go's runtime logs what the CLI has no use for", from: /time="[^\n]*context canceled"\n/g, to: "" },
];

/** A text with what passes taken out, and each id as the number of its first coming: an image's has its time in it. */
function settled(text: string, folder: string, ids: Map<string, number>): string {
  const plain = passing.reduce((all, [from, to]) => all.replace(from, to), text.replaceAll(folder, "/work"));
  return plain.replace(/\b([0-9a-f]{12})([0-9a-f]{52})?\b/g, (_, short: string, rest?: string) => {
    if (!ids.has(short)) ids.set(short, ids.size + 1);
    return `<id ${ids.get(short) ?? 0}${rest === undefined ? "" : " in full"}>`;
  });
}

describe.skipIf(docker === undefined)("our docker and the stock one", () => {
  let bench: ClientBench;
  let ours: ReturnType<typeof dockerHost>;
  let path: string;
  /** Ids by the order of their coming: the stock client's, and ours. */
  const seen = [new Map<string, number>(), new Map<string, number>()] as const;

  beforeAll(async () => {
    bench = await clientBench();
    path = join(bench.folder, "bin");
    mkdirSync(path);
    symlinkSync(docker ?? "", join(path, "docker"));
    mkdirSync(join(bench.folder, "work"));
    ours = dockerHost();
    container.listenAtSocket(ours.engine);
    ours.linux.run((sys) => container.installDockerClient(sys, ours.linux));
    ours.linux.sh("mkdir /work");
  });
  afterAll(async () => {
    await bench.close();
  });

  const stock = (line: string): Promise<Said> =>
    new Promise((resolve) => {
      const env = { ...bench.env, PATH: `${path}:${process.env["PATH"] ?? ""}` };
      const options = { env, cwd: join(bench.folder, "work"), timeout: 60_000 };
      const child = execFile("/bin/sh", ["-c", line], options, (error, out, err) => {
        resolve({ out, err, status: error === null ? 0 : typeof error.code === "number" ? error.code : -1 });
      });
      child.stdin?.end();
    });
  const own = (line: string): Said => {
    const { stdout, stderr, status } = ours.linux.sh(line, { cwd: "/work" });
    return { out: stdout, err: stderr, status };
  };

  const long = process.env["VIRTLAB_LONG"] === "1";
  const groups = Object.entries(corpus).filter(([name]) => long || name === "containers' lives");

  test.each(groups)("%s", async (_, lines) => {
    const differing: Record<string, { readonly theirs: Said; readonly ours: Said }> = {};
    for (const line of lines) {
      const said = await stock(line);
      const known = (text: string): string =>
        declared.reduce(
          (all, { from, to }) => all.replace(from, to),
          settled(text, join(bench.folder, "work"), seen[0]),
        );
      const theirs = { out: known(said.out), err: known(said.err), status: said.status };
      // What follows another thing is later than it.
      ours.linux.sh("sleep 1");
      const mine = own(line);
      const mended = (text: string): string => settled(text, "/work", seen[1]);
      const answer = { out: mended(mine.out), err: mended(mine.err), status: mine.status };
      if (JSON.stringify(theirs) !== JSON.stringify(answer)) differing[line] = { theirs, ours: answer };
    }
    expect(differing, JSON.stringify(differing, null, 1)).toEqual({});
  });
});

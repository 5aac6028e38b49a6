import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plain, spawnKernel, type Ran, type SpawnedKernel } from "./spawned-kernel.js";

const failure = ({ reply }: Ran): { ename: string; evalue: string; traceback: string } => {
  if (reply.status !== "error") throw new Error(`expected an error, got ${JSON.stringify(reply)}`);
  return { ename: reply.ename, evalue: reply.evalue, traceback: plain(reply.traceback) };
};
const displays = ({ broadcasts }: Ran): Readonly<Record<string, unknown>>[] =>
  broadcasts.flatMap((each) => (each.type === "display_data" ? [each.content.data] : []));
const pages = ({ reply }: Ran): readonly Readonly<Record<string, unknown>>[] =>
  reply.status === "ok" ? reply.payload : [];

describe("magics", () => {
  let kernel: SpawnedKernel;
  beforeAll(async () => {
    kernel = await spawnKernel();
  });
  afterAll(async () => {
    await kernel.close();
  });

  test("%typecheck changes the setting, and what ran unchecked is known to the checker afterwards", async () => {
    const wrong = 'const size: number = "five"; size';
    expect((await kernel.run("%typecheck")).stdout).toBe("typecheck error: a cell with type errors does not run\n");
    expect(failure(await kernel.run(wrong)).ename).toBe("TypeScriptError");
    const unchecked = await kernel.run(`%typecheck off\n${wrong}`);
    expect(unchecked.result).toBe("'five'");
    await kernel.run("function half(n: number): number { return n / 2; }");
    const warned = await kernel.run(`%typecheck warn\nhalf("2")`);
    expect(warned.result).toBe("1");
    expect(plain([warned.stdout])).toContain("error TS2345");
    await kernel.run("%typecheck on");
    expect(failure(await kernel.run('half("2")')).ename).toBe("TypeScriptError");
    expect((await kernel.run("half(2)")).result).toBe("1");
  });

  test("the lines of the code behind them stay right", async () => {
    const types = failure(await kernel.run("%typecheck on\n%%time\nconst width: number = 'a';"));
    expect(types.traceback).toMatch(/^In\[\d+\]:3:7 - error TS2322/);
    const thrown = failure(await kernel.run("%%time\n\nthrow new Error('here');"));
    expect(thrown.traceback).toMatch(/In\[\d+\], line 3/);
    const syntax = failure(await kernel.run("%%time\nlet = ;"));
    expect(syntax.traceback).toMatch(/^In\[\d+\]:2:/);
  });

  test("behind code is one error that names the mend", async () => {
    const valid = failure(await kernel.run("const first = 1\n%lsmagic"));
    expect(valid.traceback).toBe(
      "UsageError: %lsmagic stands on line 2, behind code\nMagics come before a cell's code: put it on the first line, or into a cell of its own.",
    );
    const syntax = failure(await kernel.run("const second = 1;\n\n  %%time\nsecond"));
    expect(syntax.traceback).toMatch(
      /^UsageError: %%time stands on line 3, behind code\nIt makes the whole cell its own/,
    );
    // A remainder is no magic.
    expect((await kernel.run("const time = 4; 11\n% time")).result).toBe("3");
    expect(failure(await kernel.run("const third = ;\n// %lsmagic")).ename).toBe("SyntaxError");
  });

  test("are brought by cells: they run there, with the cell's output and its worlds", async () => {
    const defined = await kernel.run(`
      import { defineMagic } from "virtlab";
      const box = { seen: 0 };
      defineMagic({
        name: "shout", kind: "cell", usage: "[--twice]", help: "Says it aloud.", language: "text",
        async run(args, body) {
          box.seen++;
          console.log(body.trim().toUpperCase());
          if (body.includes("bad")) throw new RangeError("bad words");
          return args;
        },
      });`);
    expect(defined.reply.status).toBe("ok");
    const ran = await kernel.run('%%shout --twice "a b"\nno TypeScript: at all');
    expect([ran.stdout, ran.result]).toEqual(["NO TYPESCRIPT: AT ALL\n", "[ '--twice', 'a b' ]"]);
    expect((await kernel.run("box.seen")).result).toBe("1");
    expect(failure(await kernel.run("%%shout\nbad")).ename).toBe("RangeError");
    const listed = await kernel.run("%lsmagic");
    expect(displays(listed)[0]?.["text/plain"]).toMatch(/%%shout \[--twice\] +Says it aloud\./);
    expect(failure(await kernel.run("%%shot\nx")).traceback).toContain("Did you mean %%shout?");
    expect(failure(await kernel.run('defineMagic({ name: "a b", kind: "line", help: "", run: () => 1 })')).evalue).toBe(
      "\"a b\" can't be a magic's name",
    );
    const taken = await kernel.run('defineMagic({ name: "time", kind: "cell", help: "No.", run: () => 1 })');
    expect(JSON.stringify(taken.broadcasts)).toContain("the kernel has a magic of its own by this name");
  });

  test("%%time tells the wall time of the code and keeps the result and the names", async () => {
    const ran = await kernel.run("%%time\nconst slept = await new Promise<number>((r) => setTimeout(r, 60, 4)); slept");
    expect(ran.result).toBe("4");
    const [, time = ""] = /^Wall time: ([\d.]+) ms\n$/.exec(ran.stdout) ?? [];
    expect(Number(time)).toBeGreaterThanOrEqual(59);
    expect(Number(time)).toBeLessThan(2_000);
    expect((await kernel.run("slept + 1")).result).toBe("5");
  });

  test("%%bench runs the cell, drops outputs but the last run's and shows a table", async () => {
    await kernel.run("let times = 0;");
    const ran = await kernel.run("%%bench 4\nconsole.log(++times);\ntimes");
    expect([ran.stdout, ran.result]).toEqual(["4\n", "4"]);
    const [table] = displays(ran);
    expect(table?.["text/html"]).toContain("median");
    expect(table?.["text/plain"]).toMatch(/4 +[\d.]+ .?s +[\d.]+ .?s +[\d.]+ .?s/);
  });

  test("an interrupt ends a %%bench", async () => {
    const code = "%%bench 1000\nawait new Promise((r) => setTimeout(r, 50));";
    const running = kernel.run(code);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await kernel.client.request("control", "interrupt_request", {});
    expect(failure(await running).ename).toBe("Interrupted");
  });

  test("%%capture gives a typed variable", async () => {
    const ran = await kernel.run("%%capture shown\nconsole.log('hi'); console.error('there'); 6 * 7");
    expect([ran.stdout, ran.stderr, ran.result]).toEqual(["", "", undefined]);
    expect((await kernel.run("shown.text")).result).toBe("'hi\\nthere\\n'");
    expect((await kernel.run("shown.bundles[0]?.['text/plain']")).result).toBe("'42'");
    expect(failure(await kernel.run("shown.bundle")).evalue).toContain("Property 'bundle' does not exist");
    expect(failure(await kernel.run("%%capture class\n1")).evalue).toBe(`"class" can't be a variable's name`);
  });

  test("%%html, %%markdown and %%svg show their body", async () => {
    expect(displays(await kernel.run("%%html\n<b>a</b>"))).toMatchObject([{ "text/html": "<b>a</b>" }]);
    expect(displays(await kernel.run("%%md\n# a"))).toMatchObject([{ "text/markdown": "# a" }]);
    expect(displays(await kernel.run("%%svg\n<svg/>"))).toMatchObject([{ "image/svg+xml": "<svg/>" }]);
  });

  test("%%sh runs on the last host, or on the one that is named, and says on which and how it ended", async () => {
    const none = failure(await kernel.run("%%sh\necho hi"));
    expect(none.traceback).toMatch(/^UsageError: %%sh has no host to run on\nMake one in a cell before/);
    const made = await kernel.run(
      'import { lab } from "virtlab"; const world = lab(); world.linux({ hostname: "web" }); world.linux({ hostname: "db" });',
    );
    expect(made.reply.status).toBe("ok");
    const last = await kernel.run("%%sh\nhostname; sleep 5\necho oops >&2; exit 3");
    expect(plain([last.stdout])).toMatch(/^db\ndb: exit status 3, 5\.\d+ s\n$/);
    expect([last.stderr, last.reply.status]).toEqual(["oops\n", "ok"]);
    const named = await kernel.run("%%sh --on web\nhostname > /tmp/name; cat /tmp/name");
    expect(plain([named.stdout])).toMatch(/^web\nweb: exit status 0, [\d.]+ ms\n$/);
    expect(plain([(await kernel.run("%%sh\ncat /tmp/name")).stderr])).toContain("No such file");
    expect(failure(await kernel.run("%%sh --on dv\ntrue")).traceback).toBe(
      'UsageError: there is no host "dv"\nThere are: web, db.',
    );
    expect(failure(await kernel.run("%%sh --off\ntrue")).traceback).toContain("It takes a host's name");
  });

  test("%%sh runs on a cluster's node, where kubectl is a program among others", async () => {
    const made =
      'import { lab } from "virtlab";\nconst nodes = lab().kubernetes({ nodes: 1, runtime: "containers" });\nnodes.start();';
    expect((await kernel.run(made)).reply.status).toBe("ok");
    const piped = await kernel.run("%%sh --on node-1\nkubectl get nodes | grep -c Ready; hostname");
    expect(piped.stdout).toMatch(/^1\nnode-1\n/);
    expect(failure(await kernel.run("%%sh --on node-7\ntrue")).traceback).toContain('there is no node "node-7"');
  });

  test("%%docker takes docker's command lines, and runs where Docker does", async () => {
    expect(failure(await kernel.run("%%docker\nps")).traceback).toContain("lab().linux().docker();");
    await kernel.run('world.linux({ hostname: "engine" }).docker(); world.linux({ hostname: "other" });');
    const ran = await kernel.run(
      "%%docker\nversion --format '{{.Server.Os}}'\n# with the word, or without\ndocker network ls \\\n  -q | wc -l\nps -aq",
    );
    expect(plain([ran.stdout])).toMatch(/^linux\n3\nengine: exit status 0, [\d.]+ \w+\n$/);
    expect(failure(await kernel.run("%%docker --on other\nps")).traceback).toContain("There are: engine.");
  });

  test("%lsmagic shows a table", async () => {
    const [table] = displays(await kernel.run("%lsmagic"));
    expect(table?.["text/plain"]).toContain("%%capture name");
    expect(table?.["text/html"]).toContain("<table");
  });

  test("a question shows signature and documentation in the pager, and the source where it is asked twice", async () => {
    const declaring =
      "/** How wide a rocket is.\n *\n * In metres. */\nconst rocketWidth = 5;\nconst rocket = { seats: 3 };";
    await kernel.run(declaring);
    const known = "const rocketWidth: 5\n\nHow wide a rocket is.\n\nIn metres.";
    for (const code of ["rocketWidth?", "?rocketWidth"]) {
      const ran = await kernel.run(code);
      expect(pages(ran)).toEqual([
        { source: "page", data: expect.objectContaining({ "text/plain": known }) as object, start: 0 },
      ]);
      expect(displays(ran)).toEqual([]);
    }
    const [page] = pages(await kernel.run("rocketWidth??"));
    expect(page?.["data"]).toMatchObject({
      "text/plain": `${known}\n\n${declaring}`,
      "text/markdown": expect.stringContaining(`\`\`\`typescript\n${declaring}\n\`\`\``) as string,
    });
    for (const code of ["rocket.seats?", "rocket.seats??"]) {
      expect(pages(await kernel.run(code))[0]).toMatchObject({ data: { "text/plain": "(property) seats: number" } });
    }
    expect(pages(await kernel.run("1"))).toEqual([]);
    expect(failure(await kernel.run("floppy?")).traceback).toContain("Run the cell that declares it first.");
  });

  test("an unknown one names the nearest", async () => {
    expect(failure(await kernel.run("%%tiem\n1"))).toEqual({
      ename: "UsageError",
      evalue: "There is no magic %%tiem",
      traceback: "UsageError: There is no magic %%tiem\nDid you mean %%time? %lsmagic lists all.",
    });
  });

  test("completion, inspection and completeness get along with them", async () => {
    const complete = async (code: string): Promise<unknown> =>
      (await kernel.client.request("shell", "complete_request", { code, cursor_pos: Array.from(code).length })).content;
    expect(await complete("%%ben")).toMatchObject({ matches: ["%%bench"], cursor_start: 0, cursor_end: 5 });
    expect(await complete("%%time 🚀\nMath.sqr")).toMatchObject({
      matches: expect.arrayContaining(["sqrt"]) as string[],
      cursor_start: 14,
    });
    expect(await complete("%%html\nMath.sq")).toMatchObject({ matches: [] });
    const isComplete = async (code: string): Promise<unknown> =>
      (await kernel.client.request("shell", "is_complete_request", { code })).content;
    expect(await isComplete("%%time\n1")).toMatchObject({ status: "incomplete" });
    expect(await isComplete("%%time\n1\n")).toMatchObject({ status: "complete" });
    expect(await isComplete("%typecheck off\nif (true) {")).toMatchObject({ status: "incomplete" });
    const code = "%typecheck\nMath.sqrt";
    const { content } = await kernel.client.request("shell", "inspect_request", {
      code,
      cursor_pos: code.length,
      detail_level: 0,
    });
    expect(content.status === "ok" && content.data["text/plain"]).toContain("sqrt(x: number): number");
  });
});

test("a kernel that starts unchecked knows its cells once %typecheck is on", async () => {
  const kernel = await spawnKernel({ environment: { VIRTLAB_TYPECHECK: "off" } });
  try {
    await kernel.run("const tracks: number = 80;");
    expect((await kernel.run("%typecheck on\ntracks")).result).toBe("80");
    expect(failure(await kernel.run("tracks.sides")).evalue).toContain("Property 'sides' does not exist");
  } finally {
    await kernel.close();
  }
});

test("a cell under a magic that ends the process is answered", async () => {
  const kernel = await spawnKernel();
  try {
    const ran = await kernel.run("%%capture out\nconsole.log('bye'); process.exit(3);");
    expect(failure(ran).ename).toBe("KernelExit");
    expect(ran.stdout).toBe("bye\n");
    expect((await kernel.ended).code).toBe(3);
  } finally {
    await kernel.close();
  }
});

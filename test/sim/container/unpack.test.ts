import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorld, UsageError, type Activity } from "../../../sim/core/index.js";
import {
  digestOf,
  makeLayer,
  entriesOf,
  pack,
  removeTree,
  unpack,
  writeTar,
  type TarEntry,
} from "../../../sim/container/index.js";
import { attempt, Errno, Kernel, MS_RDONLY, type Sys } from "../../../sim/os/index.js";
import { code, names, readFile, writeFile } from "../os/system.js";
import { directory, inTree, program, symlink, textFile } from "./programs.js";

/** What a tree holds, without times. */
function* tree(sys: Sys, path: string): Activity<unknown[]> {
  const entries = yield* pack(sys, path);
  return entries.map((entry) => ({ ...entry, mtime: 0 }));
}

describe("unpacking", () => {
  test("gives names, owners, modes, times, links and holes", () => {
    const entries = [
      directory("dir", 0o700),
      textFile("dir/a", "hello", { uid: 5, gid: 6, mode: 0o4755, mtime: 1_000_000 }),
      { ...textFile("dir/b", ""), type: "hardlink" as const, target: "dir/a" },
      symlink("l", "/dir/a"),
      program("bin/sh", 9_000_000),
    ];
    const seen = inTree(function* (sys) {
      yield* unpack(sys, "/srv/a", entries);
      const stat = yield* sys.lstat("/srv/a/dir/a");
      return {
        text: yield* readFile(sys, "/srv/a/dir/b"),
        stat: [stat.uid, stat.gid, stat.mode.toString(8), stat.nlink, stat.mtime / 1e9],
        link: yield* sys.readlink("/srv/a/l"),
        program: (yield* sys.lstat("/srv/a/bin/sh")).size,
        blocks: (yield* sys.lstat("/srv/a/bin/sh")).blocks,
      };
    });
    expect(seen).toEqual({
      text: "hello",
      stat: [5, 6, "104755", 2, 1_000_000],
      link: "/dir/a",
      program: 9_000_000,
      blocks: 8,
    });
  });

  test("a layer's whiteouts become overlayfs's marks, and hide", () => {
    const seen = inTree(function* (sys) {
      yield* unpack(sys, "/srv/a", [textFile("etc/a", "a"), textFile("etc/b", "b"), textFile("opt/x", "x")]);
      yield* unpack(
        sys,
        "/srv/b",
        [textFile("etc/.wh.a", ""), textFile("opt/.wh..wh..opq", ""), textFile("opt/y", "y")],
        {
          layer: true,
        },
      );
      yield* sys.mount("overlay", "/mnt", "overlay", MS_RDONLY, "lowerdir=/srv/b:/srv/a");
      return [yield* names(sys, "/mnt/etc"), yield* names(sys, "/mnt/opt")];
    });
    expect(seen).toEqual([["b"], ["y"]]);
  });

  test("what stands there is replaced; directories merge", () => {
    const seen = inTree(function* (sys) {
      yield* unpack(sys, "/srv/a", [
        directory("d"),
        textFile("d/x", "1"),
        textFile("d", "now a file"),
        textFile("d", "again"),
        directory("d"),
        textFile("d/y", "2"),
      ]);
      return yield* names(sys, "/srv/a/d");
    });
    expect(seen).toEqual(["y"]);
  });

  test.each<[string, TarEntry, string]>([
    ["a name that leads upwards", textFile("../x", ""), "leads upwards"],
    ["one that does so in the middle", textFile("a/../../x", ""), "leads upwards"],
    ["a link above the top", symlink("a/l", "../../etc/passwd"), "leads to"],
    ["a hard link outside", { ...textFile("h", ""), type: "hardlink", target: "../etc/x" }, "leads upwards"],
    ["a device", { ...textFile("sda", ""), type: "block", major: 8, minor: 0 }, "is a device"],
    ["overlayfs's own device", { ...textFile("w", ""), type: "character", major: 0, minor: 0 }, "is a device"],
    [
      "overlayfs's own attribute",
      { ...directory("d"), xattrs: new Map([["trusted.overlay.redirect", Uint8Array.of(47)]]) },
      "trusted.overlay.redirect",
    ],
    ["a whiteout of the parent", textFile(".wh...", ""), "hides nothing"],
  ])("%s is refused", (_what, entry, message) => {
    const attempted = (): void => {
      inTree((sys) => unpack(sys, "/srv/a", [entry], { layer: true }));
    };
    expect(attempted).toThrow(UsageError);
    expect(attempted).toThrow(message);
  });

  test("a link to an absolute path stays inside: what is written through it lands there", () => {
    const seen = inTree(function* (sys) {
      yield* writeFile(sys, "/etc/passwd", "root");
      yield* unpack(sys, "/srv/a", [directory("etc"), symlink("x", "/etc"), textFile("x/passwd", "evil")]);
      return [yield* readFile(sys, "/etc/passwd"), yield* readFile(sys, "/srv/a/etc/passwd")];
    });
    expect(seen).toEqual(["root", "evil"]);
  });

  test("needs root: a user without capabilities gets the errno", () => {
    const seen = inTree(function* (sys) {
      yield* sys.setuid(1000);
      return yield* code(unpack(sys, "/srv/a", [textFile("a", "")]));
    });
    expect(seen).toBe("EPERM");
  });
});

const evilName = fc
  .array(
    fc.constantFrom("a", "b", "c", "l", "..", ".", "", "etc", ".wh.a", ".wh.b", ".wh..wh..opq", ".wh..", ".wh..wh.x"),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((parts) => parts.join("/"));
const evilTarget = fc
  .array(fc.constantFrom("a", "b", "..", "..", ".", "etc", "srv", "secret", ""), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join("/"));
const evilEntry: fc.Arbitrary<TarEntry> = fc
  .tuple(
    evilName,
    fc.constantFrom("file", "file", "directory", "symlink", "symlink", "hardlink", "fifo", "character"),
    evilTarget,
    fc.constantFrom(0o644, 0o755, 0o6755),
  )
  .map(([name, type, target, mode]) => ({
    ...textFile(name, type === "file" ? "evil" : "", { mode }),
    type,
    target,
    major: 1,
    minor: 3,
  }));

const long = process.env["VIRTLAB_LONG"] === "1";

test("no archive changes or links what lies outside, whatever it holds", () => {
  fc.assert(
    fc.property(fc.array(evilEntry, { minLength: 1, maxLength: 12 }), fc.boolean(), (entries, layer) => {
      const outside = inTree(function* (sys) {
        yield* writeFile(sys, "/etc/secret", "secret");
        yield* writeFile(sys, "/srv/secret", "secret");
        const before = JSON.stringify([yield* tree(sys, "/etc"), yield* names(sys, "/"), yield* names(sys, "/srv")]);
        const links = (yield* sys.lstat("/etc/secret")).nlink;
        const outcome = yield* attemptAny(unpack(sys, "/srv/a", entries, { layer }));
        expect(outcome === undefined || outcome instanceof UsageError || outcome instanceof Errno).toBe(true);
        expect((yield* sys.lstat("/etc/secret")).nlink).toBe(links);
        const after = JSON.stringify([yield* tree(sys, "/etc"), yield* names(sys, "/"), yield* names(sys, "/srv")]);
        return { before, after };
      });
      expect(outside.after).toBe(outside.before);
    }),
    { seed: 11, numRuns: long ? 10_000 : 120 },
  );
});

function* attemptAny(calls: Activity<undefined>): Activity<unknown> {
  try {
    return yield* calls;
  } catch (error) {
    return error;
  }
}

type Step = readonly [kind: "write" | "remove" | "mkdir" | "link" | "hardlink" | "chmod" | "recreate", path: string];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("write", "write", "remove", "mkdir", "link", "hardlink", "chmod", "recreate"),
  fc.constantFrom("a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "f", "f/a"),
);

function* act(sys: Sys, top: string, [kind, path]: Step, place: number): Activity<unknown> {
  const at = `${top}/${path}`;
  switch (kind) {
    case "write":
      return yield* attempt(writeFile(sys, at, `${kind} ${place}`));
    case "remove":
      return yield* attempt(removeTree(sys, at));
    case "mkdir":
      return yield* attempt(sys.mkdir(at));
    case "link":
      return yield* attempt(sys.symlink(`to-${place}`, at));
    case "hardlink":
      return yield* attempt(sys.link(`${top}/a`, at));
    case "chmod":
      return yield* attempt(sys.chmod(at, 0o700 + (place % 64)));
    case "recreate":
      yield* attempt(removeTree(sys, at));
      return yield* attempt(sys.mkdir(at));
  }
}

test("layers packed from upper directories, unpacked elsewhere and stacked, show the same tree", () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }), (layers) => {
      const [shown, rebuilt] = inTree(
        function* (sys) {
          let below: string[] = [];
          let copies: string[] = [];
          for (const [place, steps] of layers.entries()) {
            const [upper, work, merged, copy] = ["u", "w", "m", "c"].map((one) => `/srv/${one}${place}`);
            if (upper === undefined || work === undefined || merged === undefined || copy === undefined)
              throw new Error();
            for (const path of [upper, work, merged, copy]) yield* sys.mkdir(path, 0o755);
            const lower = below.length === 0 ? "/srv/b" : below.join(":");
            yield* sys.mount("o", merged, "overlay", 0, `lowerdir=${lower},upperdir=${upper},workdir=${work}`);
            for (const [number, one] of steps.entries()) yield* act(sys, merged, one, place * 100 + number);
            const entries = yield* pack(sys, upper, { layer: true });
            yield* unpack(sys, copy, entriesOf(makeLayer(entries).blob), { layer: true });
            const packed = yield* pack(sys, copy, { layer: true });
            expect(digestOf(writeTar(packed))).toBe(digestOf(writeTar(entries)));
            below = [upper, ...below];
            copies = [copy, ...copies];
          }
          yield* sys.mkdir("/srv/x", 0o755);
          yield* sys.mount("o", "/mnt", "overlay", MS_RDONLY, `lowerdir=${below.join(":")}`);
          yield* sys.mount("o", "/srv/x", "overlay", MS_RDONLY, `lowerdir=${copies.join(":")}`);
          return [yield* tree(sys, "/mnt"), yield* tree(sys, "/srv/x")];
        },
        new Kernel({ world: createWorld({ seed: 1 }) }),
      );
      expect(rebuilt).toEqual(shown);
    }),
    { seed: 5, numRuns: long ? 5000 : 50 },
  );
});

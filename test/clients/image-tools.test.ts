import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  bytesOf,
  digestOf,
  familiarName,
  loadArchive,
  parseReference,
  readTar,
  saveArchive,
  writeTar,
  type Image,
} from "../../sim/container/index.js";
import { directory, image, newStore, program, symlink, textFile } from "../sim/container/programs.js";
import { needs, run } from "./tools.js";

/** Real programs on archives and images that we made, and what we make of theirs. */
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-images-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (...names: readonly string[]): string => join(folder, ...names);

const longName = `deep/${"n".repeat(90)}/${"m".repeat(120)}/ünï`;
const entries = [
  directory("deep"),
  textFile(longName, "far\n", { mode: 0o640, mtime: 1_700_000_000 }),
  directory("bin"),
  program("bin/sh", 900_000),
  symlink("l", "bin/sh"),
  { ...textFile("twin", ""), type: "hardlink" as const, target: longName },
];

describe("GNU tar", () => {
  test("lists and unpacks what we wrote, holes and long names included", (context) => {
    needs(context, "tar");
    writeFileSync(at("a.tar"), writeTar(entries));
    mkdirSync(at("out"));
    run("tar", "-xf", at("a.tar"), "-C", at("out"), "--no-same-owner");
    expect(readFileSync(at("out", longName), "utf8")).toBe("far\n");
    expect(readFileSync(at("out", "twin"), "utf8")).toBe("far\n");
    const sh = readFileSync(at("out", "l"));
    expect(sh.length).toBe(900_000);
    const wanted = entries[3];
    expect(wanted && digestOf(bytesOf(wanted))).toBe(digestOf(sh));
    expect(run("tar", "-tf", at("a.tar"), "--quoting-style=literal").trimEnd().split("\n").slice(2)).toEqual([
      "bin/",
      "bin/sh",
      "l",
      "twin",
    ]);
  });

  test.for(["pax", "gnu", "ustar"])("its own archives of format %s are read", (format, context) => {
    needs(context, "tar");
    mkdirSync(at("in", "d"), { recursive: true });
    const name = format === "ustar" ? "f".repeat(99) : "f".repeat(200);
    writeFileSync(at("in", "d", name), "text");
    writeFileSync(at("in", "big"), new Uint8Array(100_000).fill(7));
    run("tar", `--format=${format}`, "--sort=name", "-cf", at("b.tar"), "-C", at("in"), ".");
    const read = readTar(readFileSync(at("b.tar")));
    expect(read.map((entry) => [entry.name, entry.type, entry.size])).toEqual([
      [".", "directory", 0],
      ["./big", "file", 100_000],
      ["./d", "directory", 0],
      [`./d/${name}`, "file", 4],
    ]);
  });

  test("its sparse files are read with their holes", (context) => {
    needs(context, "tar");
    const bytes = new Uint8Array(3_000_000);
    bytes[1_500_000] = 9;
    // Made of a hole and a byte: tar looks for holes only where a file takes fewer blocks than it is long.
    const file = openSync(at("sparse"), "w");
    ftruncateSync(file, bytes.length);
    writeSync(file, bytes, 1_500_000, 1, 1_500_000);
    closeSync(file);
    run("tar", "--format=pax", "-S", "--hole-detection=raw", "-cf", at("s.tar"), "-C", folder, "sparse");
    const [entry] = readTar(readFileSync(at("s.tar")));
    expect(entry?.size).toBe(3_000_000);
    expect(entry && digestOf(bytesOf(entry))).toBe(digestOf(bytes));
    expect(entry?.extents.reduce((sum, extent) => sum + extent.bytes.length, 0)).toBeLessThan(10_000);
  });
});

describe("images in other tools", () => {
  /** An image of two layers with all that a configuration may say, saved as app:1. */
  function saved(): Image {
    const store = newStore();
    const made = image(
      store,
      [entries, [textFile(".wh.l", ""), textFile("deep/.wh..wh..opq", ""), textFile("deep/new", "new")]],
      {
        Cmd: ["sh", "-c", "true"],
        Entrypoint: ["/bin/tini"],
        Env: ["PATH=/bin", "A=b c"],
        WorkingDir: "/deep",
        User: "7:8",
        ExposedPorts: { "80/tcp": {} },
        Volumes: { "/data": {} },
        Labels: { maintainer: "us" },
        StopSignal: "SIGQUIT",
      },
    );
    const references = [parseReference("app:1")];
    writeFileSync(at("image.tar"), saveArchive(store.content, [{ image: made, references }]));
    return made;
  }

  test.for(["oci-archive", "docker-archive"])("skopeo inspects it as %s", (kind, context) => {
    needs(context, "skopeo");
    const made = saved();
    const name = kind === "oci-archive" ? `${at("image.tar")}:1` : `${at("image.tar")}:docker.io/library/app:1`;
    const shown = JSON.parse(run("skopeo", "inspect", `${kind}:${name}`)) as Record<string, unknown>;
    expect(shown).toMatchObject({
      Created: made.config.created,
      Architecture: "amd64",
      Os: "linux",
      Labels: { maintainer: "us" },
      Env: ["PATH=/bin", "A=b c"],
    });
    const config = JSON.parse(run("skopeo", "inspect", "--config", `${kind}:${name}`)) as object;
    expect(config).toEqual(made.config);
    if (kind === "oci-archive")
      expect(shown).toMatchObject({
        Digest: made.target.digest,
        Layers: made.manifest.layers.map(({ digest }) => digest),
      });
  });

  test("skopeo copies it to both kinds of archives, and we load these with the same digests", (context) => {
    needs(context, "skopeo");
    const made = saved();
    const source = `oci-archive:${at("image.tar")}:1`;
    run("skopeo", "copy", "--insecure-policy", source, `docker-archive:${at("docker.tar")}:copy/app:2`);
    run("skopeo", "copy", "--insecure-policy", source, `oci-archive:${at("oci.tar")}:copy/app:3`);
    for (const [file, name] of [
      ["docker.tar", "copy/app:2"],
      ["oci.tar", "copy/app:3"],
    ] as const) {
      const store = newStore();
      const [loaded] = loadArchive(store, readFileSync(at(file)));
      expect(loaded?.image.config).toEqual(made.config);
      expect(loaded?.references.map(familiarName)).toEqual([name]);
      expect(store.get(name).config.rootfs.diff_ids).toEqual(made.config.rootfs.diff_ids);
    }
  });

  test("umoci lists it and unpacks it to the files that we say", (context) => {
    needs(context, "tar", "umoci");
    saved();
    mkdirSync(at("layout"));
    run("tar", "-xf", at("image.tar"), "-C", at("layout"));
    expect(run("umoci", "list", "--layout", at("layout")).trim()).toBe("1");
    const stat = JSON.parse(run("umoci", "stat", "--json", "--image", `${at("layout")}:1`)) as {
      history: { layer: { digest: string } }[];
    };
    expect(stat.history).toHaveLength(2);
    run("umoci", "unpack", "--rootless", "--image", `${at("layout")}:1`, at("bundle"));
    expect(readFileSync(at("bundle", "rootfs", "deep", "new"), "utf8")).toBe("new");
    expect(readFileSync(at("bundle", "rootfs", "bin", "sh")).length).toBe(900_000);
    expect(() => readFileSync(at("bundle", "rootfs", "l"))).toThrow("ENOENT");
    expect(() => readFileSync(at("bundle", "rootfs", longName))).toThrow("ENOENT");
    expect(readFileSync(at("bundle", "rootfs", "twin"), "utf8")).toBe("far\n");
    const config = JSON.parse(readFileSync(at("bundle", "config.json"), "utf8")) as {
      process: { args: string[]; cwd: string };
    };
    expect(config.process).toMatchObject({ args: ["/bin/tini", "sh", "-c", "true"], cwd: "/deep" });
  });
});

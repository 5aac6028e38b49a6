import { describe, expect, test } from "vitest";
import { type Activity } from "../../../sim/core/index.js";
import { O_WRONLY, type Sys } from "../../../sim/os/index.js";
import { code, names, play, readFile, text, writeFile } from "./system.js";

describe("overlayfs", () => {
  /** Two lower layers with files, an upper one, and the overlay at /mnt. */
  const layered = <T>(body: (sys: Sys) => Activity<T>): T =>
    play(function* (sys) {
      yield* sys.mount("none", "/srv", "tmpfs");
      for (const name of ["base", "mid", "upper", "work", "base/dir", "mid/dir", "base/etc", "mid/etc"])
        yield* sys.mkdir(`/srv/${name}`);
      yield* writeFile(sys, "/srv/base/file", "base");
      yield* writeFile(sys, "/srv/mid/file", "mid");
      yield* writeFile(sys, "/srv/base/only", "below");
      yield* sys.link("/srv/base/only", "/srv/base/twin");
      yield* writeFile(sys, "/srv/base/dir/b", "b");
      yield* writeFile(sys, "/srv/mid/dir/m", "m");
      yield* sys.mknod("/srv/mid/etc/gone", 0o020000, 0);
      yield* writeFile(sys, "/srv/base/etc/gone", "hidden");
      yield* sys.mount(
        "overlay",
        "/mnt",
        "overlay",
        0,
        "lowerdir=/srv/mid:/srv/base,upperdir=/srv/upper,workdir=/srv/work",
      );
      return yield* body(sys);
    });

  test("the upper layer wins, directories merge, whiteouts hide", () => {
    const seen = layered(function* (sys) {
      return [
        yield* readFile(sys, "/mnt/file"),
        yield* names(sys, "/mnt/dir"),
        yield* names(sys, "/mnt/etc"),
        yield* code(sys.stat("/mnt/etc/gone")),
      ];
    });
    expect(seen).toEqual(["mid", ["b", "m"], [], "ENOENT"]);
  });

  test("opening for writing copies up, reading doesn't; the layer below stays", () => {
    const seen = layered(function* (sys) {
      const reader = yield* sys.open("/mnt/only");
      const before = yield* names(sys, "/srv/upper");
      yield* sys.close(yield* sys.open("/mnt/only", O_WRONLY));
      const opened = yield* names(sys, "/srv/upper");
      yield* writeFile(sys, "/mnt/only", "above");
      return [
        before,
        opened,
        text(yield* sys.read(reader, 9)),
        yield* readFile(sys, "/srv/base/only"),
        yield* readFile(sys, "/mnt/only"),
        yield* readFile(sys, "/mnt/twin"),
      ];
    });
    // The descriptor opened before the copy goes on showing the lower file; the hard link is broken: overlayfs.rst.
    expect(seen).toEqual([[], ["only"], "below", "below", "above", "below"]);
  });

  test("a removed lower file leaves a whiteout, a remade directory is opaque", () => {
    const seen = layered(function* (sys) {
      yield* sys.unlink("/mnt/only");
      const { mode, rdev } = yield* sys.lstat("/srv/upper/only");
      yield* sys.unlink("/mnt/dir/b");
      yield* sys.unlink("/mnt/dir/m");
      yield* sys.rmdir("/mnt/dir");
      const white = ((yield* sys.lstat("/srv/upper/dir")).mode & 0o170000).toString(8);
      yield* sys.mkdir("/mnt/dir");
      const opaque = text(yield* sys.getxattr("/srv/upper/dir", "trusted.overlay.opaque"));
      return [
        (mode & 0o170000).toString(8),
        rdev,
        white,
        opaque,
        yield* names(sys, "/mnt/dir"),
        yield* sys.listxattr("/mnt/dir"),
      ];
    });
    expect(seen).toEqual(["20000", 0, "20000", "y", [], []]);
  });

  test("a directory with a lower part can't be renamed, a file can", () => {
    const seen = layered(function* (sys) {
      const directory = yield* code(sys.rename("/mnt/dir", "/mnt/moved"));
      yield* sys.rename("/mnt/only", "/mnt/renamed");
      yield* sys.mkdir("/mnt/new");
      yield* sys.rename("/mnt/new", "/mnt/newer");
      return [
        directory,
        yield* names(sys, "/mnt"),
        yield* readFile(sys, "/mnt/renamed"),
        yield* names(sys, "/srv/upper"),
      ];
    });
    expect(seen).toEqual([
      "EXDEV",
      ["dir", "etc", "file", "newer", "renamed", "twin"],
      "below",
      ["newer", "only", "renamed"],
    ]);
  });

  test("a change of mode copies a file up with its owner and data", () => {
    const seen = layered(function* (sys) {
      yield* sys.chown("/srv/base/only", 7, 8);
      yield* sys.chmod("/mnt/only", 0o600);
      const { mode, uid, gid } = yield* sys.stat("/srv/upper/only");
      return [(mode & 0o7777).toString(8), uid, gid, yield* readFile(sys, "/srv/upper/only")];
    });
    expect(seen).toEqual(["600", 7, 8, "below"]);
  });

  test("without an upper layer nothing changes", () => {
    const seen = layered(function* (sys) {
      yield* sys.mount("overlay", "/opt", "overlay", 0, "lowerdir=/srv/mid:/srv/base");
      return [
        yield* code(sys.mkdir("/opt/x")),
        yield* code(sys.unlink("/opt/file")),
        yield* readFile(sys, "/opt/file"),
      ];
    });
    expect(seen).toEqual(["EROFS", "EROFS", "mid"]);
  });
});

import { describe, expect, test } from "vitest";
import { encodeUtf8, ms, type Activity } from "../../../sim/core/index.js";
import {
  AT_FDCWD,
  MS_RDONLY,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  RENAME_NOREPLACE,
  RESOLVE_BENEATH,
  SEEK_END,
  type Sys,
} from "../../../sim/os/index.js";
import { code, kernel, names, play, readFile, text, writeFile } from "./system.js";

/** Each file system, empty, at /mnt. */
const fileSystems: Record<string, (sys: Sys) => Activity<unknown>> = {
  *tmpfs(sys) {
    yield* sys.mount("none", "/mnt", "tmpfs", 0, "mode=755");
  },
  *"overlay over an empty layer"(sys) {
    yield* sys.mount("none", "/srv", "tmpfs");
    for (const name of ["lower", "upper", "work"]) yield* sys.mkdir(`/srv/${name}`, 0o755);
    yield* sys.mount("overlay", "/mnt", "overlay", 0, "lowerdir=/srv/lower,upperdir=/srv/upper,workdir=/srv/work");
  },
  *"a directory bound there"(sys) {
    yield* sys.mkdir("/srv/part");
    yield* sys.mount("/srv/part", "/mnt", undefined, 4096);
  },
};

describe.each(Object.entries(fileSystems))("%s", (_name, mount) => {
  const inside = <T>(body: (sys: Sys) => Activity<T>): T =>
    play(function* (sys) {
      yield* mount(sys);
      yield* sys.chdir("/mnt");
      return yield* body(sys);
    });

  test("files: created, written, read, appended, cut, sparse", () => {
    const seen = inside(function* (sys) {
      const fd = yield* sys.open("a", O_RDWR | O_CREAT | O_EXCL, 0o666);
      yield* sys.write(fd, encodeUtf8("hello world"));
      yield* sys.pwrite64(fd, encodeUtf8("W"), 6);
      const again = yield* code(sys.open("a", O_CREAT | O_EXCL | O_WRONLY));
      const more = yield* sys.open("a", O_WRONLY | O_APPEND);
      yield* sys.write(more, encodeUtf8("!"));
      const whole = text(yield* sys.pread64(fd, 100, 0));
      yield* sys.ftruncate(fd, 5);
      yield* sys.lseek(fd, 5000, SEEK_END);
      yield* sys.write(fd, encodeUtf8("end"));
      const { size, mode } = yield* sys.stat("a");
      const hole = (yield* sys.pread64(fd, 5000, 5)).every((byte) => byte === 0);
      const cut = yield* sys.open("a", O_WRONLY | O_TRUNC);
      yield* sys.close(cut);
      return [again, whole, size, mode.toString(8), hole, (yield* sys.stat("a")).size];
    });
    expect(seen).toEqual(["EEXIST", "hello World!", 5008, "100644", true, 0]);
  });

  test("directories: made, listed, removed; their links counted", () => {
    const seen = inside(function* (sys) {
      yield* sys.mkdir("d", 0o777);
      yield* sys.mkdir("d/e", 0o700);
      yield* writeFile(sys, "d/f", "x");
      const errors = [
        yield* code(sys.mkdir("d")),
        yield* code(sys.rmdir("d")),
        yield* code(sys.rmdir("d/f")),
        yield* code(sys.unlink("d/e")),
        yield* code(sys.mkdir("none/x")),
        yield* code(sys.open("d", O_WRONLY)),
        yield* code(sys.open("d/f", O_DIRECTORY)),
        yield* code(sys.open("d/f/")),
        yield* code(sys.rmdir("d/e/.")),
      ];
      const listed = yield* names(sys, "d");
      yield* sys.unlink("d/f");
      yield* sys.rmdir("d/e");
      yield* sys.rmdir("d");
      return [errors, listed, yield* names(sys, ".")];
    });
    expect(seen).toEqual([
      ["EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR", "ENOENT", "EISDIR", "ENOTDIR", "ENOTDIR", "EINVAL"],
      ["e", "f"],
      [],
    ]);
  });

  test("hard links share a file until the last name and descriptor are gone", () => {
    const seen = inside(function* (sys) {
      yield* writeFile(sys, "a", "one");
      yield* sys.link("a", "b");
      yield* writeFile(sys, "b", "two");
      const { nlink, ino } = yield* sys.stat("a");
      const same = (yield* sys.stat("b")).ino === ino;
      const content = yield* readFile(sys, "a");
      const fd = yield* sys.open("a");
      yield* sys.unlink("a");
      yield* sys.unlink("b");
      return [
        nlink,
        same,
        content,
        text(yield* sys.read(fd, 10)),
        (yield* sys.fstat(fd)).nlink,
        yield* code(sys.link(".", "c")),
      ];
    });
    expect(seen).toEqual([2, true, "two", "two", 0, "EPERM"]);
  });

  test("symbolic links: followed, dangling, in circles", () => {
    const seen = inside(function* (sys) {
      yield* sys.mkdir("d");
      yield* writeFile(sys, "d/f", "far");
      yield* sys.symlink("d/f", "l");
      yield* sys.symlink("../d", "d/up");
      yield* sys.symlink("b", "a");
      yield* sys.symlink("a", "b");
      yield* sys.symlink("new", "dangling");
      yield* writeFile(sys, "dangling", "made");
      return [
        yield* readFile(sys, "l"),
        yield* sys.readlink("l"),
        yield* readFile(sys, "d/up/up/f"),
        yield* code(sys.open("a")),
        yield* code(sys.open("l", O_NOFOLLOW)),
        yield* code(sys.open("dangling", O_CREAT | O_EXCL | O_WRONLY)),
        yield* readFile(sys, "new"),
        ((yield* sys.lstat("l")).mode & 0o170000).toString(8),
        yield* code(sys.readlink("d")),
      ];
    });
    expect(seen).toEqual(["far", "d/f", "far", "ELOOP", "ELOOP", "EEXIST", "made", "120000", "EINVAL"]);
  });

  test("renames replace, and refuse what makes no sense", () => {
    const seen = inside(function* (sys) {
      yield* writeFile(sys, "a", "a");
      yield* writeFile(sys, "b", "b");
      yield* sys.mkdir("d");
      yield* sys.mkdir("d/e");
      yield* sys.mkdir("x");
      yield* sys.rename("a", "b");
      const errors = [
        yield* code(sys.rename("a", "c")),
        yield* code(sys.rename("b", "d")),
        yield* code(sys.rename("x", "b")),
        yield* code(sys.rename("x", "d")),
        yield* code(sys.rename("d", "d/e/f")),
        yield* code(sys.renameat2(AT_FDCWD, "b", AT_FDCWD, "x", RENAME_NOREPLACE)),
      ];
      yield* sys.rename("d", "x");
      yield* sys.chdir("x/e");
      const where = yield* sys.getcwd();
      yield* sys.chdir("../..");
      return [errors, yield* readFile(sys, "b"), where, yield* names(sys, ".")];
    });
    expect(seen).toEqual([
      ["ENOENT", "EISDIR", "ENOTDIR", "ENOTEMPTY", "EINVAL", "EEXIST"],
      "a",
      "/mnt/x/e",
      ["b", "x"],
    ]);
  });

  test("permissions: owner, group, others; sticky directories; set-group-ID directories", () => {
    const seen = inside(function* (sys) {
      yield* writeFile(sys, "secret", "s", 0o640);
      yield* sys.chown("secret", 1, 50);
      yield* sys.mkdir("tmp", 0o777);
      yield* sys.chmod("tmp", 0o1777);
      yield* sys.mkdir("shared", 0o777);
      yield* sys.chown("shared", 0, 50);
      yield* sys.chmod("shared", 0o2777);
      yield* writeFile(sys, "tmp/roots", "r");
      const log: unknown[] = [];
      for (const [uid, gid] of [
        [1, 1],
        [2, 50],
        [3, 3],
      ] as const) {
        yield* sys.clone(function* (child) {
          yield* child.setgid(gid);
          yield* child.setuid(uid);
          log.push([
            yield* code(child.open("secret")),
            yield* code(child.open("secret", O_WRONLY)),
            yield* code(child.unlink("tmp/roots")),
            yield* code(child.chmod("secret", 0o666)),
            yield* code(child.mkdir(`shared/${uid}`, 0o755)),
            (yield* child.stat(`shared/${uid}`)).gid,
            ((yield* child.stat(`shared/${uid}`)).mode & 0o7777).toString(8),
            yield* code(child.mkdir("here")),
          ]);
          yield* child.call("chmod", "secret", 0o640);
        });
        yield* sys.wait4();
      }
      return log;
    });
    expect(seen).toEqual([
      ["ok", "ok", "EPERM", "ok", "ok", 50, "2755", "EACCES"],
      ["ok", "EACCES", "EPERM", "EPERM", "ok", 50, "2755", "EACCES"],
      ["EACCES", "EACCES", "EPERM", "EPERM", "ok", 50, "2755", "EACCES"],
    ]);
  });

  test("set-ID bits don't outlive a change of owner; attributes and times are kept", () => {
    const seen = inside(function* (sys) {
      yield* writeFile(sys, "a", "x", 0o755);
      yield* sys.chmod("a", 0o6755);
      yield* sys.chown("a", 5, 6);
      yield* sys.setxattr("a", "user.color", "blue");
      const { mtime } = yield* sys.stat("a");
      yield* sys.nanosleep(ms(3));
      yield* writeFile(sys, "a", "y");
      const later = yield* sys.stat("a");
      yield* sys.utimensat(AT_FDCWD, "a", { mtime: 42 });
      const got = yield* sys.stat("a");
      return [
        (got.mode & 0o7777).toString(8),
        [got.uid, got.gid],
        later.mtime > mtime + ms(2),
        got.mtime,
        text(yield* sys.getxattr("a", "user.color")),
        yield* sys.listxattr("a"),
        yield* code(sys.getxattr("a", "user.none")),
      ];
    });
    expect(seen).toEqual(["755", [5, 6], true, 42, "blue", ["user.color"], "ENODATA"]);
  });

  test("a read-only mount refuses every change", () => {
    const seen = inside(function* (sys) {
      yield* writeFile(sys, "a", "x");
      yield* sys.mount("none", "/mnt", undefined, 4096 | 32 | MS_RDONLY);
      return [
        yield* code(sys.open("a", O_WRONLY)),
        yield* code(sys.open("b", O_CREAT | O_WRONLY)),
        yield* code(sys.mkdir("d")),
        yield* code(sys.unlink("a")),
        yield* code(sys.chmod("a", 0)),
        yield* code(sys.rename("a", "b")),
        yield* readFile(sys, "a"),
      ];
    });
    expect(seen).toEqual(["EROFS", "EROFS", "EROFS", "EROFS", "EROFS", "EROFS", "x"]);
  });

  test("names of 255 bytes at most; openat2 stays beneath", () => {
    const seen = inside(function* (sys) {
      yield* sys.mkdir("jail");
      yield* writeFile(sys, "out", "x");
      yield* sys.symlink("/mnt/out", "jail/abs");
      yield* sys.symlink("../out", "jail/rel");
      const fd = yield* sys.open("jail", O_DIRECTORY);
      const how = { flags: 0, resolve: RESOLVE_BENEATH };
      return [
        yield* code(writeFile(sys, "n".repeat(255), "x")),
        yield* code(writeFile(sys, "n".repeat(256), "x")),
        yield* code(sys.openat2(fd, "abs", how)),
        yield* code(sys.openat2(fd, "rel", how)),
        yield* code(sys.openat2(fd, "../out", how)),
        yield* code(sys.openat(fd, "../out")),
      ];
    });
    expect(seen).toEqual(["ok", "ENAMETOOLONG", "EXDEV", "EXDEV", "EXDEV", "ok"]);
  });
});

test("times are by the clock that CLOCK_REALTIME tells", () => {
  const bootTime = 1_700_000_000e9;
  const seen = play(function* (sys) {
    yield* sys.nanosleep(ms(5));
    yield* writeFile(sys, "/tmp/a", "x");
    const now = yield* sys.clock_gettime("CLOCK_REALTIME");
    const { mtime, ctime } = yield* sys.stat("/tmp/a");
    yield* sys.utimensat(AT_FDCWD, "/tmp/a", { mtime: 1e9 });
    return [now - mtime < ms(1), ctime === mtime, (yield* sys.stat("/tmp/a")).mtime];
  }, kernel({ bootTime }));
  expect(seen).toEqual([true, true, 1e9]);
});

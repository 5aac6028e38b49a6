import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeUtf8, UsageError } from "../../../sim/core/index.js";
import {
  bytesOf,
  digestOf,
  fileEntry,
  gunzip,
  gzip,
  readTar,
  writeTar,
  type TarEntry,
} from "../../../sim/container/index.js";
import { directory, program, symlink, textFile } from "./programs.js";

const entry: fc.Arbitrary<TarEntry> = fc
  .record({
    name: fc.stringMatching(/^[a-zé中 ]{1,60}(\/[a-z]{1,80}){0,2}$/),
    type: fc.constantFrom("file", "directory", "symlink", "hardlink", "character", "fifo"),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.constantFrom(0, 1000, 2_097_151, 4_000_000_000),
    gid: fc.nat(100_000),
    mtime: fc.nat(2 ** 33),
    parts: fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ minLength: 1, maxLength: 700 })), {
      maxLength: 3,
    }),
    tail: fc.constantFrom(0, 3, 700, 5000),
    target: fc.stringMatching(/^[a-zü/]{1,120}$/),
    xattrs: fc.dictionary(fc.stringMatching(/^user\.[a-z]{1,5}$/), fc.uint8Array({ maxLength: 9 }), { maxKeys: 2 }),
  })
  .map(({ name, type, mode, uid, gid, mtime, parts, tail, target, xattrs }): TarEntry => {
    let at = 0;
    const extents = parts.map(([gap, bytes]) => {
      const offset = at + gap * 512;
      at = offset + bytes.length;
      return { offset, bytes };
    });
    const isFile = type === "file";
    return {
      name,
      type,
      mode,
      uid,
      gid,
      mtime,
      size: isFile ? at + tail : 0,
      extents: isFile ? extents : [],
      ...((type === "symlink" || type === "hardlink") && { target }),
      ...(type === "character" && { major: 1, minor: 3 }),
      ...(Object.keys(xattrs).length > 0 && { xattrs: new Map(Object.entries(xattrs).sort()) }),
    };
  });

/** Without how a file's bytes are split. */
const plain = (one: TarEntry): unknown => ({ ...one, extents: undefined, bytes: digestOf(bytesOf(one)) });

describe("tar archives", () => {
  test("what is written is read again, and the same entries give the same bytes", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        const bytes = writeTar(entries);
        expect(readTar(bytes).map(plain)).toEqual(entries.map(plain));
        expect(digestOf(writeTar(readTar(bytes)))).toBe(digestOf(bytes));
        expect(bytes.length % 512).toBe(0);
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  test("a program that is mostly a hole takes few bytes, and has its whole size", () => {
    const tar = writeTar([program("bin/sh", 90_000_000)]);
    expect(tar.length).toBeLessThan(4096);
    expect(readTar(tar)[0]).toMatchObject({ name: "bin/sh", size: 90_000_000 });
  });

  test("damaged archives are refused with one clear error, whatever is damaged", () => {
    const good = writeTar([directory("d"), textFile("d/a", "hello"), symlink("l", "d/a"), program("p")]);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(good.length), (at, by, cut) => {
        const bad = good.slice(0, cut);
        if (at < bad.length) bad[at] = (bad[at] ?? 0) ^ by;
        try {
          expect(Array.isArray(readTar(bad))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { seed: 7, numRuns: 500 },
    );
    expect(() => readTar(good.subarray(0, 1000))).toThrow("a tar archive is damaged");
    const wrong = good.slice();
    wrong[0] = 65;
    expect(() => readTar(wrong)).toThrow("checksum");
  });
});

describe("blobs", () => {
  test("digests are sha256's", () => {
    // FIPS 180-4's examples.
    expect(digestOf(encodeUtf8("abc"))).toBe("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(digestOf(new Uint8Array(0))).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  test("gzip gives the same bytes always, and comes back; members follow each other", () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, place) => (place * place) >> 7);
    const packed = gzip(bytes);
    expect(digestOf(gzip(bytes.slice()))).toBe(digestOf(packed));
    expect(gunzip(packed)).toEqual(bytes);
    expect(gunzip(Uint8Array.of(...gzip(Uint8Array.of(1)), ...gzip(Uint8Array.of(2))))).toEqual(Uint8Array.of(1, 2));
  });

  test("a bomb and half a file are refused", () => {
    const bomb = gzip(new Uint8Array(20_000_000));
    expect(() => gunzip(bomb, 1_000_000)).toThrow("more than 1000000 bytes");
    expect(() => gunzip(bomb.subarray(0, bomb.length - 9))).toThrow("no whole gzip file");
  });

  test("an empty file has no extents", () => {
    expect(fileEntry("a", new Uint8Array(0)).extents).toEqual([]);
  });
});

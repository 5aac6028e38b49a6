import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { trashFolder } from "../../../kernel/cli/data-folder.js";
import { openTrash } from "../../../kernel/server/contents/trash.js";
import { temporaryFolder } from "../cli/terminal.js";
import { runServer, type RunningServer } from "./running-server.js";

/** A server whose user has a trash, and that folder. */
async function serveWithTrash(): Promise<RunningServer & { readonly trash: string }> {
  const trash = join(temporaryFolder(), "Trash");
  return { ...(await runServer({ trashFolder: trash })), trash };
}

const remove = async (server: RunningServer, path: string): Promise<number> =>
  (await server.ask(`/api/contents/${path}`, { method: "DELETE" })).status;

test("a folder and all that is in it go to the trash, with the way back", async () => {
  const server = await serveWithTrash();
  mkdirSync(join(server.folder, "a b%", "deep"), { recursive: true });
  writeFileSync(join(server.folder, "a b%", "deep", "work.txt"), "weeks");
  writeFileSync(join(server.folder, "a b%", ".hidden"), "too");
  const before = Math.floor(Date.now() / 1000) * 1000;
  expect(await remove(server, "a%20b%25")).toBe(204);
  expect(readdirSync(server.folder)).toEqual([]);
  expect(readFileSync(join(server.trash, "files", "a b%", "deep", "work.txt"), "utf8")).toBe("weeks");
  expect(existsSync(join(server.trash, "files", "a b%", ".hidden"))).toBe(true);
  const info = readFileSync(join(server.trash, "info", "a b%.trashinfo"), "utf8");
  const [, path = "", date = ""] = /^\[Trash Info\]\nPath=(.*)\nDeletionDate=(.*)\n$/.exec(info) ?? [];
  expect(path).toMatch(/^\/[^ ]*\/a%20b%25$/);
  expect(decodeURIComponent(path)).toBe(join(server.folder, "a b%"));
  // Local time, without a zone.
  expect(new Date(date).getTime()).toBeGreaterThanOrEqual(before);
  expect(statSync(server.trash).mode & 0o777).toBe(0o700);
});

test("of two files of one name both are kept", async () => {
  const server = await serveWithTrash();
  for (const text of ["first", "second", "third"]) {
    writeFileSync(join(server.folder, "a.txt"), text);
    expect(await remove(server, "a.txt")).toBe(204);
  }
  expect(readdirSync(join(server.trash, "files")).sort()).toEqual(["a.2.txt", "a.3.txt", "a.txt"]);
  expect(readFileSync(join(server.trash, "files", "a.2.txt"), "utf8")).toBe("second");
  expect(readdirSync(join(server.trash, "info"))).toHaveLength(3);
});

test("a link goes, what it leads to stays", async () => {
  const server = await serveWithTrash();
  mkdirSync(join(server.folder, "real"));
  symlinkSync("real", join(server.folder, "link"));
  expect(await remove(server, "link")).toBe(204);
  expect(readdirSync(server.folder)).toEqual(["real"]);
});

test("where the trash can't be used, a file is gone and a folder with files stays", async () => {
  const broken = join(temporaryFolder(), "Trash");
  writeFileSync(broken, "a file where the folder should be");
  const server = await runServer({ trashFolder: broken });
  mkdirSync(join(server.folder, "d"));
  writeFileSync(join(server.folder, "d", "a.txt"), "");
  expect(await remove(server, "d")).toBe(400);
  expect(await remove(server, "d/a.txt")).toBe(204);
  expect(await remove(server, "d")).toBe(204);
});

test("somebody else's trash is not used", async ({ skip }) => {
  skip(process.getuid?.() !== 0, "only root can give a folder away");
  const trash = temporaryFolder();
  chownSync(trash, 12_345, 12_345);
  const file = join(temporaryFolder(), "a.txt");
  writeFileSync(file, "private");
  expect(await openTrash(trash).take(file)).toBe(false);
  expect(readFileSync(file, "utf8")).toBe("private");
});

test("a file of another file system goes to the top of its own", async ({ skip }) => {
  const other = "/dev/shm";
  const [here, there] = [tmpdir(), other].map((folder) => (existsSync(folder) ? statSync(folder).dev : undefined));
  skip(there === undefined || here === there, `${other} is no file system of its own`);
  const folder = mkdtempSync(join(other, "virtlab-trash-"));
  const trash = join(other, `.Trash-${process.getuid?.() ?? ""}`);
  const name = `${folder.split("/").at(-1) ?? ""}.txt`;
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(trash, "files", name), { force: true });
    rmSync(join(trash, "info", `${name}.trashinfo`), { force: true });
  });
  writeFileSync(join(folder, name), "far");
  expect(await openTrash(join(temporaryFolder(), "Trash")).take(join(folder, name))).toBe(true);
  expect(readFileSync(join(trash, "files", name), "utf8")).toBe("far");
  // Relative to the file system's top.
  expect(readFileSync(join(trash, "info", `${name}.trashinfo`), "utf8")).toContain(
    `\nPath=${folder.slice(other.length + 1)}/${name}\n`,
  );
});

test.each<[NodeJS.Platform, Record<string, string>, string | undefined]>([
  ["linux", { XDG_DATA_HOME: "/data" }, "/data/Trash"],
  ["freebsd", { XDG_DATA_HOME: "/data" }, "/data/Trash"],
  ["darwin", {}, undefined],
  ["win32", {}, undefined],
])("on %s with %j it is %s", (platform, env, expected) => {
  expect(trashFolder(platform, env)).toBe(expected);
});

test("the page asks in the words that fit", async () => {
  const [kept, gone] = [await serveWithTrash(), await runServer()];
  expect((await kept.ask("/tree")).text).toContain('"delete_to_trash":"true"');
  expect((await gone.ask("/tree")).text).toContain('"delete_to_trash":"false"');
});

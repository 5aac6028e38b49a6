import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hasScreen } from "../../../kernel/cli/browser.js";
import { virtlab } from "../../../kernel/cli/commands.js";
import { courseFolder } from "../../../kernel/cli/course.js";
import { addressOf } from "../../../kernel/cli/start.js";
import { fakeTerminal, temporaryFolder } from "./terminal.js";

test.each([
  [["start", "--port", "70000"], "--port 70000 is no port"],
  [["start", "--port", "8e3"], "--port 8e3 is no port"],
  [["start", "--cull-idle", "0"], "--cull-idle 0 is no time"],
  [["start", "nowhere/at/all"], "there is no folder"],
  [["start", ".", "notebooks"], "start takes one folder"],
  [["start", "--no-browsr"], "--no-browser"],
])("virtlab %j says what is wrong", async (args, words) => {
  const terminal = fakeTerminal();
  expect(await virtlab(args, terminal)).toBe(2);
  expect(terminal.shown.err).toContain(words);
});

test("a token that is easy to guess is refused", async () => {
  const terminal = fakeTerminal({ VIRTLAB_TOKEN: "letmein" });
  expect(await virtlab(["start", temporaryFolder()], terminal)).toBe(2);
  expect(terminal.shown.err).toContain("VIRTLAB_TOKEN is too easy to guess");
});

test("the course of an installed package is copied to the home, and nothing there is overwritten", () => {
  const home = temporaryFolder();
  const installed = join(temporaryFolder(), "node_modules", "virtlab");
  mkdirSync(join(installed, "notebooks"), { recursive: true });
  writeFileSync(join(installed, "notebooks", "00-tour.ipynb"), "tour");
  const { err, shown } = fakeTerminal();
  const folder = courseFolder(err, home, installed);
  expect(folder).toBe(join(home, "virtlab"));
  expect(shown.err).toBe(`virtlab: copied the course's notebooks to ${folder}\n`);
  writeFileSync(join(folder, "00-tour.ipynb"), "my work");
  writeFileSync(join(installed, "notebooks", "01-new.ipynb"), "of the next version");
  courseFolder(err, home, installed);
  expect(readFileSync(join(folder, "00-tour.ipynb"), "utf8")).toBe("my work");
  expect(readFileSync(join(folder, "01-new.ipynb"), "utf8")).toBe("of the next version");
  expect(shown.err.match(/\n/g)).toHaveLength(1);
  writeFileSync(join(home, "file"), "");
  expect(() => courseFolder(err, join(home, "file"), installed)).toThrow(/can't be copied to .* \(ENOTDIR\)/);
  // A checkout's own are worked in where they are.
  expect(courseFolder(err, home, "/src/virtlab")).toBe(join("/src/virtlab", "notebooks"));
});

test("the address leads to the tour where there is one, and is an address of this machine", () => {
  const folder = temporaryFolder();
  const server = { port: 8888, token: "abc" };
  expect(addressOf(server, "127.0.0.1", folder)).toBe("http://127.0.0.1:8888/tree?token=abc");
  mkdirSync(join(folder, "sub"));
  writeFileSync(join(folder, "00-tour.ipynb"), "{}");
  expect(addressOf(server, "0.0.0.0", folder)).toBe("http://127.0.0.1:8888/notebooks/00-tour.ipynb?token=abc");
  expect(addressOf(server, "::1", folder)).toBe("http://[::1]:8888/notebooks/00-tour.ipynb?token=abc");
});

test("no browser is looked for where there is no screen", () => {
  expect(hasScreen("linux", {})).toBe(false);
  expect(hasScreen("linux", { DISPLAY: ":0" })).toBe(true);
  expect(hasScreen("darwin", {})).toBe(true);
});

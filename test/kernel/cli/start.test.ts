import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hasScreen } from "../../../kernel/cli/browser.js";
import { virtlab } from "../../../kernel/cli/commands.js";
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

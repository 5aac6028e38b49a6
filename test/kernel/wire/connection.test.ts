import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { address, channels, newConnection, parseConnection, readConnection } from "../../../kernel/wire/index.js";

const written = {
  transport: "tcp",
  ip: "127.0.0.1",
  key: "k",
  signature_scheme: "hmac-sha256",
  shell_port: 1,
  iopub_port: 2,
  stdin_port: 3,
  control_port: 4,
  hb_port: 5,
};

test("reads what a client wrote", async () => {
  const folder = await mkdtemp(join(tmpdir(), "virtlab-test-"));
  const file = join(folder, "connection.json");
  writeFileSync(file, JSON.stringify({ ...written, kernel_name: "virtlab", extra: 1 }));
  expect(readConnection(file)).toEqual({ ...written, kernel_name: "virtlab" });
  await rm(folder, { recursive: true });
});

test.each<[string, string]>([
  ["{", "is not JSON"],
  ["[]", "holds no JSON object"],
  [JSON.stringify({ ...written, ip: undefined }), 'no string "ip"'],
  [JSON.stringify({ ...written, hb_port: "5" }), 'no port number "hb_port"'],
  [JSON.stringify({ ...written, shell_port: 70_000 }), 'no port number "shell_port"'],
  [JSON.stringify({ ...written, transport: "pgm" }), 'the transport "pgm"'],
])("names what is wrong with %s", (text, problem) => {
  expect(() => parseConnection(text, "c.json")).toThrow(problem);
  expect(() => parseConnection(text, "c.json")).toThrow("c.json");
});

test("a missing file is named, with the mend", () => {
  expect(() => readConnection("/nowhere/c.json")).toThrow("/nowhere/c.json");
});

test("addresses of tcp, IPv6 and ipc", () => {
  const parse = (change: object): string =>
    address(parseConnection(JSON.stringify({ ...written, ...change }), "c"), "shell");
  expect(parse({})).toBe("tcp://127.0.0.1:1");
  expect(parse({ ip: "::1" })).toBe("tcp://[::1]:1");
  expect(parse({ transport: "ipc", ip: "/tmp/x" })).toBe("ipc:///tmp/x-1");
});

test("a new connection has five different ports and a key of its own", async () => {
  const [one, two] = [await newConnection(), await newConnection()];
  expect(new Set(channels.map((channel) => one[`${channel}_port`])).size).toBe(5);
  expect(one.key).not.toBe(two.key);
});

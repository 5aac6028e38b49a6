import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { asm, machine, serve, type ServedMachine } from "../../../kernel/api/index.js";

const code = asm`loop: addi a0, a0, 1; j loop`.segments[0]!.bytes;
const served = (port = 0): Promise<ServedMachine> => serve(machine({ program: code, memory: 2 ** 20 }), { port });

/** Sends a packet and gives what comes next. */
async function ask(socket: Socket, text: string): Promise<string> {
  const sum = Buffer.from(text).reduce((all, byte) => (all + byte) & 255, 0);
  const answer = once(socket, "data");
  socket.write(`$${text}#${sum.toString(16).padStart(2, "0")}`);
  return String((await answer)[0]);
}

test("a debugger attaches to a port, lets the machine run, interrupts it and leaves", async () => {
  const server = await served();
  expect(server.view()).toEqual({ as: "text", text: `gdb-multiarch -ex "target remote :${server.port}"` });
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  expect(await ask(socket, "?")).toMatch(/^\+\$T05thread:1;#/);
  expect(await ask(socket, "c")).toBe("+");
  const stopped = once(socket, "data");
  socket.write(Uint8Array.of(3));
  expect(String((await stopped)[0])).toMatch(/^\$T02thread:1;#/);
  expect(await ask(socket, "D")).toMatch(/^\+\$OK#/);
  await once(socket, "close");
  // Another may come then.
  const second = connect(server.port, "127.0.0.1");
  await once(second, "connect");
  expect(await ask(second, "qC")).toMatch(/^\+\$QC1#/);
  await server.close();
});

test("a second debugger at the same time is sent away", async () => {
  const server = await served();
  const first = connect(server.port, "127.0.0.1");
  await once(first, "connect");
  expect(await ask(first, "qC")).toMatch(/QC1/);
  const second = connect(server.port, "127.0.0.1");
  second.on("error", () => undefined);
  await once(second, "close");
  expect(await ask(first, "qC")).toMatch(/QC1/);
  await server.close();
});

test("a port that is taken is a UsageError", async () => {
  const server = await served();
  await expect(served(server.port)).rejects.toMatchObject({ name: "UsageError", message: /is in use/ });
  await expect(serve(machine({ program: code }), { prot: 1 } as object)).rejects.toMatchObject({ name: "UsageError" });
  await server.close();
});

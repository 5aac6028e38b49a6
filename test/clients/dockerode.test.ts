import Dockerode from "dockerode";
import { PassThrough, Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientBench, type ClientBench } from "./docker-engine.js";

let bench: ClientBench;
let client: Dockerode;

beforeAll(async () => {
  bench = await clientBench();
  client = new Dockerode({ socketPath: bench.served.host.replace("unix://", "") });
});
afterAll(async () => {
  await bench.close();
});

/** All that a stream brings. */
async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString();
}

/** A stream in frames, taken apart: what was said on each. */
async function demuxed(stream: NodeJS.ReadableStream): Promise<{ readonly out: string; readonly err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  client.modem.demuxStream(stream, out, err);
  stream.on("end", () => {
    out.end();
    err.end();
  });
  const [one, two] = await Promise.all([textOf(out), textOf(err)]);
  return { out: one, err: two };
}

/** Waits for progress to end. @returns its lines @throws what a line tells of as an error */
const followed = (stream: NodeJS.ReadableStream): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  new Promise((resolve, reject) => {
    client.modem.followProgress(stream, (error: Error | null, lines: Readonly<Record<string, unknown>>[]) => {
      if (error === null) resolve(lines);
      else reject(error);
    });
  });

/** The status that a request was refused with. */
const refused = async (promise: Promise<unknown>): Promise<number> =>
  promise.then(
    () => 200,
    (error: unknown) => (error as { readonly statusCode: number }).statusCode,
  );

const create = (
  Cmd: readonly string[],
  more: Partial<Dockerode.ContainerCreateOptions> = {},
): Promise<Dockerode.Container> => client.createContainer({ Image: "alpine", Cmd: [...Cmd], ...more });

describe("dockerode", () => {
  test("ping, version, pull with progress", async () => {
    expect(String(await client.ping())).toBe("OK");
    expect((await client.version()).ApiVersion).toBe("1.50");
    const lines = await followed(await client.pull("alpine:latest"));
    expect(lines.at(0)).toMatchObject({ status: "Pulling from library/alpine", id: "latest" });
    expect(lines.at(-1)).toMatchObject({ status: "Status: Downloaded newer image for alpine:latest" });
    expect(await refused(client.pull("alpine:nope"))).toBe(404);
    expect((await client.listImages()).map(({ RepoTags }) => RepoTags)).toEqual([["alpine:latest"]]);
  });

  test("run with a stream of its own", async () => {
    const out = new PassThrough();
    const text = textOf(out);
    const [{ StatusCode }] = (await client.run("alpine", ["sh", "-c", "echo hello; exit 4"], out, { Tty: true })) as [
      { readonly StatusCode: number },
    ];
    out.end();
    expect([StatusCode, await text]).toEqual([4, "hello\r\n"]);
  });

  test("attach, upgraded: both ways, in frames", async () => {
    const one = await create(["sh", "-c", "cat; echo end >&2"], { OpenStdin: true, StdinOnce: true });
    const stream = await one.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const heard = demuxed(stream);
    await one.start();
    stream.end("typed\n");
    expect(await heard).toEqual({ out: "typed\n", err: "end\n" });
    expect(await one.wait()).toEqual({ StatusCode: 0 });
    await one.remove();
  });

  test("attach, not upgraded: a 200 that streams", async () => {
    const one = await create(["sh", "-c", "echo out; echo err >&2"]);
    const stream = await one.attach({ stream: true, stdout: true, stderr: true });
    const heard = demuxed(stream);
    await one.start();
    expect(await heard).toEqual({ out: "out\n", err: "err\n" });
    await one.remove();
  });

  test("exec, with an input and without, and its exit code", async () => {
    const one = await create(["sleep", "1000"]);
    await one.start();
    const typed = await one.exec({
      Cmd: ["sh", "-c", "cat; exit 3"],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await typed.start({ hijack: true, stdin: true });
    const heard = demuxed(stream);
    stream.end("through\n");
    expect((await heard).out).toBe("through\n");
    expect(await typed.inspect()).toMatchObject({ Running: false, ExitCode: 3, ContainerID: one.id });
    const plain = await one.exec({ Cmd: ["echo", "plain"], AttachStdout: true });
    expect((await demuxed(await plain.start({}))).out).toBe("plain\n");
    await one.remove({ force: true });
    expect(await refused(one.inspect())).toBe(404);
  });

  test("logs as one piece and as a stream; stats; top", async () => {
    const one = await create(["sh", "-c", "echo 1; sleep 1; echo 2; sleep 1000"]);
    await one.start();
    const stream = await one.logs({ follow: true, stdout: true, stderr: true });
    const [out, err] = [new PassThrough(), new PassThrough()];
    client.modem.demuxStream(stream, out, err);
    let text = "";
    for await (const part of out) {
      text += String(part);
      if (text.includes("2")) break;
    }
    (stream as unknown as Readable).destroy();
    expect(text).toBe("1\n2\n");
    expect((await one.logs({ stdout: true })).subarray(8, 10).toString()).toBe("1\n");
    expect(await one.stats({ stream: false })).toMatchObject({
      cpu_stats: { online_cpus: 2 },
      memory_stats: { stats: { inactive_file: 0 } },
    });
    expect((await one.stats({ stream: false })).precpu_stats.system_cpu_usage).toBeGreaterThan(0);
    expect(((await one.top()) as { readonly Titles: readonly string[] }).Titles[0]).toBe("UID");
    await one.stop();
    expect(await refused(one.stop())).toBe(304);
    expect((await one.inspect()).HostConfig).toMatchObject({ LogConfig: { Type: "json-file" } });
    await one.remove();
  });

  test("build from a tar, an archive both ways, commit", async () => {
    const stream = await client.buildImage(Readable.from([context()]), { t: "built:1" });
    const lines = await followed(stream);
    expect(lines.at(-1)).toEqual({ stream: "Successfully tagged built:1\n" });
    const one = await create(["cat", "/a"], { Image: "built:1" });
    const [entry] = Buffer.from(await bytesOf(await one.getArchive({ path: "/a" })))
      .toString("latin1")
      .split("\0", 1);
    expect(entry).toBe("a");
    await one.putArchive(Readable.from([context()]), { path: "/tmp" });
    expect(await one.changes()).toContainEqual({ Path: "/tmp/Dockerfile", Kind: 1 });
    const { Id } = (await one.commit({ repo: "committed", tag: "2" })) as { readonly Id: string };
    expect((await client.getImage("committed:2").inspect()).Id).toBe(Id);
    await one.remove();
    const saved = await bytesOf(await client.getImage("committed:2").get());
    await client.getImage("committed:2").remove();
    const loaded = await followed(await client.loadImage(Readable.from([Buffer.from(saved)])));
    expect(loaded).toEqual([{ stream: "Loaded image: committed:2\n" }]);
  });

  test("networks and volumes", async () => {
    const network = await client.createNetwork({ Name: "inner", Labels: { a: "b" } });
    expect((await client.listNetworks({ filters: { label: ["a=b"] } })).map(({ Name }) => Name)).toEqual(["inner"]);
    const one = await create(["sleep", "1000"], { name: "in-it", HostConfig: { NetworkMode: "inner" } });
    await one.start();
    expect(Object.values((await network.inspect()).Containers ?? {})).toMatchObject([{ Name: "in-it" }]);
    expect(await refused(network.remove())).toBe(403);
    await one.remove({ force: true });
    await network.remove();
    await client.createVolume({ Name: "kept" });
    expect((await client.listVolumes()).Volumes.map(({ Name }) => Name)).toEqual(["kept"]);
    expect((await client.pruneVolumes({ filters: { all: ["true"] } })).VolumesDeleted).toEqual(["kept"]);
  });

  test("events as they come, until the client has enough", async () => {
    const stream = (await client.getEvents({ filters: { type: ["container"] } })) as unknown as Readable;
    const heard: string[] = [];
    const enough = new Promise<void>((resolve) => {
      stream.on("data", (part: Buffer) => {
        for (const line of part.toString().trim().split("\n"))
          heard.push((JSON.parse(line) as { readonly Action: string }).Action);
        if (heard.includes("destroy")) resolve();
      });
    });
    const one = await create(["true"]);
    await one.start();
    await one.wait();
    await one.remove();
    await enough;
    stream.destroy();
    expect(heard).toEqual(["create", "start", "die", "destroy"]);
  });
});

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** A build's context: a Dockerfile alone. */
function context(): Buffer {
  const text = "FROM alpine\nRUN echo a > /a\n";
  const header = Buffer.alloc(512);
  header.write("Dockerfile", 0);
  header.write("0000644\0", 100);
  header.write(`${text.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const body = Buffer.alloc(512);
  body.write(text);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}

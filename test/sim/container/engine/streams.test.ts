import { describe, expect, test } from "vitest";
import { concatBytes, s } from "../../../../sim/core/index.js";
import { text } from "../../os/system.js";
import { bytes, docker, refusal, type Docker } from "./hosts.js";

/** What is left to be read of a container that is attached to. */
const rest = (host: Docker, attachment: ReturnType<Docker["engine"]["attach"]>): string =>
  text(concatBytes(host.do(attachment.rest()).map((chunk) => chunk.bytes)));

describe("attach", () => {
  test("a client hears each stream that it asks for, from its attaching on", () => {
    const host = docker();
    const { engine } = host;
    const id = host.do(engine.create({ config: { Image: "alpine", Cmd: ["sh", "-c", "echo out; echo err >&2"] } }));
    const [both, errors] = [engine.attach(id), engine.attach(id, { stderr: true })];
    host.do(engine.start(id));
    const chunks = host.do(both.rest()).map(({ stream, bytes: said }) => [stream, text(said)]);
    expect(chunks.sort()).toEqual([
      ["stderr", "err\n"],
      ["stdout", "out\n"],
    ]);
    expect(rest(host, errors)).toBe("err\n");
  });

  test("what a client writes is the process's input; it ends with its first client where asked", () => {
    const host = docker();
    const { engine } = host;
    const config = { Image: "alpine", Cmd: ["wc", "-c"], OpenStdin: true, StdinOnce: true };
    const id = host.do(engine.create({ config }));
    const client = engine.attach(id, { stdin: true, stdout: true });
    client.write(bytes("x".repeat(100_000)));
    client.closeInput();
    host.do(engine.start(id));
    expect(rest(host, client).trim()).toBe("100000");
    expect(host.do(engine.wait(id)).exitCode).toBe(0);
  });

  test("an input that is kept open survives its clients", () => {
    const host = docker();
    const { engine } = host;
    const id = host.run("while read line; do echo got $line; done", { OpenStdin: true });
    for (const word of ["one", "two"]) {
      const client = engine.attach(id, { stdin: true });
      client.write(bytes(`${word}\n`));
      host.pass(s(0.1));
      client.detach();
    }
    expect(host.logs(id)).toBe("got one\ngot two\n");
    expect(engine.inspect(id).State.Running).toBe(true);
  });

  test("a terminal is one stream, echoes, and tells its size", () => {
    const host = docker();
    const { engine } = host;
    engine.kernel.install({
      name: "stty",
      *main(sys) {
        const { rows, columns } = (yield* sys.ioctl(0, "TIOCGWINSZ")) as { rows: number; columns: number };
        yield* sys.write(1, bytes(`${rows} ${columns}\n`));
        return 0;
      },
    });
    const id = host.run(["sh"], { OpenStdin: true, Tty: true });
    const client = engine.attach(id, { stdin: true, stdout: true });
    host.do(engine.resize(id, 24, 100));
    client.write(bytes("stty; tty\n"));
    host.pass(s(1));
    client.write(bytes("exit 7\n"));
    expect(host.do(engine.wait(id)).exitCode).toBe(7);
    const said = rest(host, client);
    expect(said).toContain("24 100\r\n/dev/pts/0\r\n");
    expect(said).toContain("stty; tty\r\n");
  });
});

describe("logs", () => {
  test("lines are kept as json-file has them, with the time when they came", () => {
    const host = docker();
    const id = host.run("echo a; sleep 2; echo b >&2; printf c");
    host.do(host.engine.wait(id));
    const entries = host.do(host.engine.logs(id));
    expect(entries.map(({ stream, text: said }) => [stream, said])).toEqual([
      ["stdout", "a\n"],
      ["stderr", "b\n"],
      ["stdout", "c"],
    ]);
    const seconds = entries.map(({ time }) => Date.parse(time) / 1000);
    expect((seconds[1] ?? 0) - (seconds[0] ?? 0)).toBeCloseTo(2, 1);
    const select = (options: Parameters<typeof host.engine.logs>[1]): string =>
      host
        .do(host.engine.logs(id, options))
        .map((entry) => entry.text)
        .join("");
    expect(select({ tail: 1 })).toBe("c");
    expect(select({ tail: 0 })).toBe("");
    expect(select({ stdout: false })).toBe("b\n");
    const between = Math.round(((seconds[0] ?? 0) + 1) * 1e9);
    expect([select({ since: between }), select({ until: between })]).toEqual(["b\nc", "a\n"]);
  });

  test("whoever follows gets what was there and what comes, to the end", () => {
    const host = docker();
    const id = host.run("for i in 1 2 3 4; do echo $i; sleep 1; done");
    host.pass(s(1.5));
    const seen: string[] = [];
    host.do(
      host.engine.followLogs(id, { tail: 1 }, (entry) => {
        seen.push(entry.text);
        return true;
      }),
    );
    expect(seen.join("")).toBe("2\n3\n4\n");
    expect(host.engine.inspect(id).State.Running).toBe(false);
  });

  test("a line longer than 16 KiB is cut into pieces, and none is lost", () => {
    const host = docker();
    const id = host.run("head -c 40000 /dev/zero | tr '\\0' x");
    host.do(host.engine.wait(id));
    expect(host.do(host.engine.logs(id)).map((entry) => entry.text.length)).toEqual([16_384, 16_384, 7232]);
  });
});

describe("exec", () => {
  test("it runs beside the first process, in its namespaces, and has a status of its own", () => {
    const host = docker();
    host.run(["sleep", "1000"], { Env: ["A=1"] }, {}, "cc");
    expect(host.exec("cc", "hostname; echo $A; exit 6")).toEqual({
      out: `${host.engine.inspect("cc").Config.Hostname}\n1\n`,
      code: 6,
    });
    expect(host.exec("cc", ["sh", "-c", "kill -9 $$"]).code).toBe(137);
    expect(host.exec("cc", ["cat", "/proc/1/comm"]).out).toBe("sleep\n");
    expect(refusal(() => host.exec("cc", ["nosuch"]))).toMatch(/^400 OCI runtime exec failed.*\$PATH: unknown$/);
    host.do(host.engine.stop("cc", 0));
    expect(refusal(() => host.exec("cc", ["true"]))).toMatch(/^409 container [0-9a-f]{64} is not running$/);
  });

  test("it has input, a terminal, a user, a directory and variables where asked", () => {
    const host = docker();
    const { engine } = host;
    host.run(["sleep", "1000"], {}, {}, "cc");
    const cat = engine.exec("cc", { Cmd: ["cat"], AttachStdin: true });
    const client = cat.streams.attach({ stdin: true, stdout: true });
    host.do(engine.execs.start(cat));
    client.write(bytes("through"));
    client.closeInput();
    expect(rest(host, client)).toBe("through");
    const asked = { Cmd: ["sh", "-c", "id -u; pwd; echo $B; tty"], User: "nobody", WorkingDir: "/tmp", Env: ["B=2"] };
    const shell = engine.exec("cc", { ...asked, Tty: true });
    const heard = shell.streams.attach({ stdout: true });
    host.do(engine.execs.start(shell));
    expect(rest(host, heard)).toBe("65534\r\n/tmp\r\n2\r\n/dev/pts/0\r\n");
    expect([cat.exitCode, shell.exitCode]).toEqual([0, 0]);
  });
});

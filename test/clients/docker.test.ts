import { execFile, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientBench, docker, type ClientBench } from "./docker-engine.js";
import { pythonOf } from "./python.js";

let bench: ClientBench;

/** Runs docker; it has to end well. @returns what it printed */
async function ok(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await bench.run(args);
  expect(code, `docker ${args.join(" ")}: ${err}`).toBe(0);
  return out;
}

const path = (name: string): string => join(bench.folder, name);
const ticking = "i=0; while true; do echo tick $i; i=$((i + 1)); sleep 1; done";

/** Starts docker, hears it until what it prints fits, and ends it as Ctrl-C does. @returns what it printed */
function until(fits: RegExp, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(docker ?? "docker", args, { env: bench.env });
    let out = "";
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`docker ${args.join(" ")} never said ${String(fits)}: ${out}`));
    }, 20_000);
    const hear = (part: Buffer): void => {
      out += part.toString();
      if (fits.test(out)) child.kill("SIGINT");
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", () => {
      clearTimeout(late);
      resolve(out);
    });
  });
}

describe.skipIf(docker === undefined)("stock docker", () => {
  beforeAll(async () => {
    bench = await clientBench();
  });
  afterAll(async () => {
    await bench.close();
  });

  test("version, info; the versions agree on the lower one", async () => {
    const version = JSON.parse(await ok("version", "--format", "{{json .}}")) as {
      readonly Client: { readonly ApiVersion?: string; readonly APIVersion?: string };
      readonly Server: { readonly ApiVersion: string; readonly MinAPIVersion: string };
    };
    const minor = (text = ""): number => Number(text.split(".")[1]);
    expect(version.Server).toMatchObject({ ApiVersion: "1.50", MinAPIVersion: "1.24" });
    expect(minor(version.Client.ApiVersion ?? version.Client.APIVersion)).toBeLessThanOrEqual(50);
    expect(await ok("info", "--format", "{{.OSType}} {{.NCPU}} {{.Driver}} {{.Swarm.LocalNodeState}}")).toBe(
      "linux 2 overlay2 inactive\n",
    );
  });

  test("run pulls what is missing; the exit code, both streams and what is piped in come through", async () => {
    const first = await bench.run(["run", "--rm", "alpine", "echo", "hello"]);
    expect([first.code, first.out]).toEqual([0, "hello\n"]);
    expect(first.err).toMatch(/^Unable to find image 'alpine:latest' locally\nlatest: Pulling from library\/alpine\n/);
    expect(first.err).toMatch(/Digest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for alpine:latest\n$/);
    expect(await bench.run(["run", "--rm", "alpine", "sh", "-c", "echo out; echo err >&2; exit 3"])).toEqual({
      code: 3,
      out: "out\n",
      err: "err\n",
    });
    expect(await bench.run(["run", "-i", "--rm", "alpine", "wc", "-c"], "x".repeat(100_000))).toMatchObject({
      code: 0,
      out: "100000\n",
    });
    expect(await ok("run", "--rm", "alpine", "sh", "-c", "seq 1 20000 | tail -n 1")).toBe("20000\n");
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("what can't be run is said with Docker's codes: 125, 126, 127", async () => {
    const command = await bench.run(["run", "--rm", "alpine", "nosuch"]);
    expect(command.code).toBe(127);
    expect(command.err).toContain('exec: "nosuch": executable file not found in $PATH: unknown');
    expect((await bench.run(["run", "--rm", "alpine", "/etc/passwd"])).code).toBe(126);
    const image = await bench.run(["run", "--rm", "nosuchimage"]);
    expect(image.code).toBe(125);
    expect(image.err).toContain("pull access denied for nosuchimage, repository does not exist or may require");
    expect((await bench.run(["pull", "alpine:nope"])).err).toContain(
      "manifest for alpine:nope not found: manifest unknown: manifest unknown",
    );
    expect((await bench.run(["run", "--memory", "1m", "alpine"])).err).toContain("Minimum memory limit allowed is 6MB");
  });

  test("sleep costs no time of ours, and stop's ten seconds neither", async () => {
    const begun = performance.now();
    await ok("run", "--rm", "alpine", "sleep", "3600");
    await ok("run", "-d", "--name", "deaf", "alpine", "sleep", "100000");
    await ok("stop", "deaf");
    expect(await ok("wait", "deaf")).toBe("137\n");
    await ok("rm", "deaf");
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  test("ps, port, top, stats, exec, inspect of what runs", async () => {
    await ok(
      "run",
      "-d",
      "--name",
      "web",
      "-p",
      "8080:80",
      "-e",
      "COLOUR=red",
      "--memory",
      "64m",
      "alpine",
      "sh",
      "-c",
      ticking,
    );
    expect(await ok("ps", "--format", "{{.Names}} {{.Image}} {{.Ports}} {{.State}}")).toBe(
      "web alpine 0.0.0.0:8080->80/tcp running\n",
    );
    expect(await ok("ps")).toMatch(
      /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n[0-9a-f]{12} +alpine +"sh -c 'i=0; while t…" .* Up .* 0\.0\.0\.0:8080->80\/tcp +web\n$/,
    );
    expect(await ok("ps", "-q", "--filter", "name=other")).toBe("");
    expect(await ok("ps", "-s", "--format", "{{.Size}}")).toMatch(/^\d+B \(virtual 7\.8MB\)\n$/);
    expect(await ok("port", "web")).toBe("80/tcp -> 0.0.0.0:8080\n");
    expect(await ok("top", "web")).toMatch(/^UID +PID +PPID .*\nroot +\d+ +\d+ .*sh -c i=0/);
    expect(await ok("stats", "--no-stream", "web")).toMatch(/web +\d+\.\d\d% +[\d.]+[KM]iB \/ 64MiB +\d+\.\d\d%/);
    expect(await ok("exec", "web", "sh", "-c", "echo $COLOUR; cat /proc/1/cmdline | tr '\\0' ' '")).toMatch(
      /^red\nsh -c i=0/,
    );
    expect((await bench.run(["exec", "web", "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await bench.run(["exec", "web", "nosuch"])).code).toBe(127);
    expect((await bench.run(["exec", "-i", "web", "cat"], "piped")).out).toBe("piped");
    expect(await ok("exec", "-d", "web", "sh", "-c", "echo detached > /tmp/d")).toBe("");
    expect(await ok("exec", "web", "cat", "/tmp/d")).toBe("detached\n");
    const inspected = await ok(
      "inspect",
      "-f",
      "{{.State.Status}} {{.HostConfig.Memory}} {{.NetworkSettings.IPAddress}}",
      "web",
    );
    expect(inspected).toMatch(/^running 67108864 172\.17\.0\.\d+\n$/);
    const none = await bench.run(["inspect", "nobody"]);
    expect([none.code, none.out]).toEqual([1, "[]\n"]);
    expect(none.err).toMatch(/Error: No such object: nobody\n$/i);
  });

  test("logs -f goes on until it is ended, with the clock; -n, -t, --since as they are", async () => {
    expect(await until(/tick \d+\n(.*\n)*tick \d+\n(.*\n)*tick \d+\n/, "logs", "-f", "-n", "1", "web")).toMatch(
      /^tick \d+\ntick \d+\n/,
    );
    expect((await ok("logs", "-n", "2", "web")).trim().split("\n")).toHaveLength(2);
    expect(await ok("logs", "-t", "-n", "1", "web")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z tick \d+\n$/);
    expect((await bench.run(["logs", "nobody"])).err).toContain("No such container: nobody\n");
  });

  test("stats goes on", async () => {
    expect(await until(/web(.*\n)+.*web/, "stats", "web")).toContain("64MiB");
  });

  test("cp both ways, diff, export and import, commit with changes, history", async () => {
    writeFileSync(path("f.txt"), "file\n");
    mkdirSync(path("d/e"), { recursive: true });
    writeFileSync(path("d/e/deep.txt"), "deep\n");
    await ok("cp", path("f.txt"), "web:/tmp/");
    await ok("cp", path("d"), "web:/srv/copied");
    expect(await ok("exec", "web", "cat", "/tmp/f.txt", "/srv/copied/e/deep.txt")).toBe("file\ndeep\n");
    await ok("cp", "web:/srv/copied", path("back"));
    expect(readFileSync(path("back/e/deep.txt"), "utf8")).toBe("deep\n");
    await ok("cp", "web:/tmp/f.txt", path("g.txt"));
    expect(readFileSync(path("g.txt"), "utf8")).toBe("file\n");
    const missing = await bench.run(["cp", "web:/nosuch", path("x")]);
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringMatching(/Could not find the file \/nosuch in container|No such container:path: web:\/nosuch/),
    ]);
    expect((await ok("diff", "web")).split("\n")).toEqual(
      expect.arrayContaining(["A /srv/copied/e/deep.txt", "A /tmp/f.txt"]),
    );
    await ok("export", "-o", path("web.tar"), "web");
    const imported = (await ok("import", "-c", "CMD cat /tmp/f.txt", path("web.tar"), "imported:1")).trim();
    expect(imported).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await ok("run", "--rm", "imported:1")).toBe("file\n");
    await ok(
      "commit",
      "-m",
      "a message",
      "-a",
      "me",
      "-c",
      "ENV A=b",
      "-c",
      "CMD cat /srv/copied/e/deep.txt",
      "web",
      "web:snap",
    );
    expect(await ok("run", "--rm", "web:snap")).toBe("deep\n");
    expect(await ok("history", "--format", "{{.Comment}}|{{.Size}}", "web:snap")).toMatch(/^a message\|\d+B\n/);
    expect(await ok("inspect", "-f", "{{.Author}} {{json .Config.Env}}", "web:snap")).toMatch(/^me \[.*"A=b".*\]\n$/);
  });

  test("rename, pause, restart, update, kill, rm: and what each refuses", async () => {
    await ok("rename", "web", "site");
    await ok("pause", "site");
    expect(await ok("ps", "--format", "{{.Status}}")).toMatch(/\(Paused\)$/m);
    expect((await bench.run(["exec", "site", "true"])).err).toContain("is paused");
    await ok("unpause", "site");
    await ok("restart", "site");
    await ok("update", "--memory", "96m", "site");
    expect(await ok("exec", "site", "cat", "/sys/fs/cgroup/memory.max")).toBe(`${96 * 2 ** 20}\n`);
    const held = await bench.run(["rm", "site"]);
    expect(held.code).toBe(1);
    expect(held.err).toMatch(/cannot remove container "?\/?site"?/);
    await ok("kill", "-s", "KILL", "site");
    expect(await ok("wait", "site")).toBe("137\n");
    const dead = await bench.run(["kill", "site"]);
    expect([dead.code, dead.err]).toEqual([1, expect.stringContaining("is not running")]);
    expect(await ok("rm", "site")).toBe("site\n");
  });

  test("images: tag, save, rmi, load, inspect, prune", async () => {
    await ok("tag", "web:snap", "other:1");
    expect(await ok("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=other")).toBe("other:1\n");
    expect(await ok("images")).toMatch(/^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/);
    await ok("save", "-o", path("images.tar"), "web:snap", "alpine");
    const id = await ok("images", "-q", "--no-trunc", "web:snap");
    expect(await ok("rmi", "other:1", "web:snap")).toContain(`Untagged: web:snap\nDeleted: ${id.trim()}\n`);
    expect(await ok("load", "-i", path("images.tar"))).toBe("Loaded image: web:snap\nLoaded image: alpine:latest\n");
    expect(await ok("images", "-q", "--no-trunc", "web:snap")).toBe(id);
    const none = await bench.run(["rmi", "nosuch"]);
    expect([none.code, none.err]).toEqual([1, expect.stringContaining("No such image: nosuch")]);
    await ok("tag", "alpine", "web:snap");
    expect(await ok("image", "prune", "-f")).toContain(`deleted: ${id.trim()}`);
  });

  test("login, push, pull", async () => {
    await ok("tag", "alpine", "localhost:5000/mine:1");
    expect(await ok("push", "localhost:5000/mine:1")).toMatch(/\n1: digest: sha256:[0-9a-f]{64} size: \d+\n$/);
    await ok("rmi", "localhost:5000/mine:1");
    expect(await ok("pull", "-q", "localhost:5000/mine:1")).toBe("localhost:5000/mine:1\n");
    await ok("tag", "alpine", "me/mine");
    const denied = await bench.run(["push", "me/mine"]);
    expect([denied.code, denied.err]).toEqual([1, "denied: requested access to the resource is denied\n"]);
    const wrong = await bench.run(["login", "-u", "me", "--password-stdin"], "wrong");
    expect(wrong.code).toBe(1);
    expect(wrong.err).toContain("incorrect username or password");
    expect((await bench.run(["login", "-u", "me", "--password-stdin"], "secret")).out).toContain("Login Succeeded");
    expect(await ok("push", "me/mine")).toContain("latest: digest: sha256:");
    await ok("logout");
    await ok("rmi", "me/mine", "localhost:5000/mine:1");
  });

  test("build: context, arguments, cache, .dockerignore, a mistake's code; BuildKit is refused", async () => {
    const context = path("context");
    mkdirSync(context);
    writeFileSync(join(context, "a.txt"), "aaa\n");
    writeFileSync(join(context, "secret"), "no\n");
    writeFileSync(join(context, ".dockerignore"), "secret\n");
    writeFileSync(
      join(context, "Dockerfile"),
      "FROM alpine\nARG X=1\nRUN echo built $X > /b\nCOPY . /ctx/\nCMD cat /ctx/a.txt /b; ls /ctx\n",
    );
    const build = (...more: readonly string[]): Promise<string> => ok("build", ...more, context);
    const first = await build("-t", "b:1", "--build-arg", "X=2", "--label", "who=me");
    expect(first).toMatch(/Step 1\/5 : FROM alpine\n ---> [0-9a-f]{12}\n/);
    expect(first).toMatch(/ ---> ([0-9a-f]{12})\nSuccessfully built \1\nSuccessfully tagged b:1\n$/);
    expect(await ok("run", "--rm", "b:1")).toBe("aaa\nbuilt 2\nDockerfile\na.txt\n");
    expect(await ok("inspect", "-f", "{{.Config.Labels.who}}", "b:1")).toBe("me\n");
    expect((await build("--build-arg", "X=2")).match(/Using cache/g)).toHaveLength(2);
    expect(await build("--no-cache")).not.toContain("Using cache");
    expect(await build("-q")).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    writeFileSync(join(context, "Dockerfile"), "FROM alpine\nRUN echo before; exit 9\n");
    const failed = await bench.run(["build", context]);
    expect([failed.code, failed.out]).toEqual([9, expect.stringContaining("before\n")]);
    expect(failed.err).toContain("The command '/bin/sh -c echo before; exit 9' returned a non-zero code: 9");
    writeFileSync(join(context, "Dockerfile"), "FROM alpine\nNOSUCH x\n");
    expect((await bench.run(["build", context])).err).toMatch(/unknown instruction: NOSUCH/i);
  });

  test("networks: create, ls, inspect, names, connect, disconnect, rm, prune", async () => {
    await ok("network", "create", "--subnet", "10.9.0.0/24", "--label", "a=b", "inner");
    expect(await ok("network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}")).toBe(
      "bridge bridge local\nhost host local\ninner bridge local\nnone null local\n",
    );
    await ok("run", "-d", "--name", "n1", "--network", "inner", "--network-alias", "db", "alpine", "sleep", "1000");
    const ping = await ok("run", "--rm", "--network", "inner", "alpine", "ping", "-c", "1", "db");
    expect(ping).toContain("(10.9.0.2)");
    expect(
      await ok("network", "inspect", "-f", "{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}", "inner"),
    ).toBe("n1 10.9.0.2/24\n");
    await ok("network", "connect", "bridge", "n1");
    expect(await ok("inspect", "-f", "{{len .NetworkSettings.Networks}}", "n1")).toBe("2\n");
    await ok("network", "disconnect", "bridge", "n1");
    const held = await bench.run(["network", "rm", "inner"]);
    expect([held.code, held.err]).toEqual([1, expect.stringContaining("has active endpoints")]);
    await ok("rm", "-f", "n1");
    await ok("network", "rm", "inner");
    await ok("network", "create", "unused");
    expect(await ok("network", "prune", "-f")).toContain("unused");
    expect((await bench.run(["network", "inspect", "unused"])).code).toBe(1);
  });

  test("volumes: create, ls, inspect, mounts, rm, prune; system df", async () => {
    await ok("volume", "create", "v1");
    await ok("run", "--rm", "-v", "v1:/data", "alpine", "sh", "-c", "echo kept > /data/x");
    expect(await ok("run", "--rm", "-v", "v1:/data:ro", "alpine", "cat", "/data/x")).toBe("kept\n");
    expect((await bench.run(["run", "--rm", "-v", "v1:/data:ro", "alpine", "touch", "/data/y"])).code).toBe(1);
    expect(await ok("volume", "ls")).toBe("DRIVER    VOLUME NAME\nlocal     v1\n");
    expect(await ok("volume", "inspect", "-f", "{{.Mountpoint}}", "v1")).toBe("/var/lib/docker/volumes/v1/_data\n");
    expect(await ok("system", "df")).toMatch(
      /^TYPE .*\nImages .*\nContainers +0 .*\nLocal Volumes +1 +0 +5B +5B \(100%\)\n/,
    );
    expect(await ok("system", "df", "-v")).toMatch(/v1 +0 +5B\n/);
    await ok("run", "-d", "--name", "user", "-v", "v1:/data", "alpine", "true");
    const held = await bench.run(["volume", "rm", "v1"]);
    expect([held.code, held.err]).toEqual([1, expect.stringContaining("volume is in use - [")]);
    expect(await ok("container", "prune", "-f")).toMatch(
      /^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/,
    );
    expect(await ok("volume", "rm", "v1")).toBe("v1\n");
  });

  test("events: those that were, and as they come", async () => {
    const since = String(Math.floor(bench.engine.now / 1e9) - 1);
    await ok("run", "--name", "eventful", "--rm", "alpine", "true");
    const now = String(Math.ceil(bench.engine.now / 1e9));
    const past = await ok(
      "events",
      "--since",
      since,
      "--until",
      now,
      "--filter",
      "container=eventful",
      "--format",
      "{{.Action}}",
    );
    expect(past.trim().split("\n")).toEqual(["create", "attach", "start", "die", "destroy"]);
    const heard = until(/container destroy/, "events", "--filter", "type=container");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await ok("run", "--name", "heard", "--rm", "alpine", "true");
    expect(await heard).toMatch(/container start [0-9a-f]{64} \(image=alpine, name=heard\)\n/);
  });

  test("a terminal: run -it, detach, attach, exec -it", { timeout: 60_000 }, async (context) => {
    const python = pythonOf(context, ["pexpect"], []);
    const script = join(import.meta.dirname, "docker_terminal.py");
    const { stdout } = await promisify(execFile)(python, [script, docker ?? ""], { env: bench.env, timeout: 50_000 });
    expect(stdout).toBe("typed well\n");
  });
});

import { describe, expect, test } from "vitest";
import { fileEntry, readTar, writeTar } from "../../../../sim/container/index.js";
import { text } from "../../os/system.js";
import { textFile } from "../programs.js";
import { bytes, docker, refusal } from "./hosts.js";

describe("images", () => {
  test("they are pulled, run, tagged and removed; a container holds its own", () => {
    const host = docker({}, []);
    const { engine } = host;
    expect(refusal(() => host.run(["/hello"], { Image: "hello-world" }))).toBe("404 No such image: hello-world:latest");
    const said: string[] = [];
    host.do(engine.images.pull("busybox", ({ status }) => said.push(status)));
    expect(said.at(-1)).toBe("Status: Downloaded newer image for busybox:latest");
    const id = host.run("echo from busybox", { Image: "busybox" }, {}, "cc");
    host.do(engine.wait(id));
    expect(host.logs("cc")).toBe("from busybox\n");
    engine.images.tag("busybox", "mine:1");
    expect(engine.inspectImage("mine:1").RepoTags).toEqual(["busybox:latest", "mine:1"]);
    expect(host.do(engine.images.remove("mine:1")).untagged).toEqual(["mine:1"]);
    expect(refusal(() => host.do(engine.images.remove("busybox")))).toMatch(
      /^409 conflict: unable to remove repository reference "busybox" \(must force\) - container [0-9a-f]{12} is using/,
    );
    host.do(engine.remove("cc"));
    expect(host.do(engine.images.remove("busybox")).deleted.length).toBe(2);
    expect(engine.images.list()).toEqual([]);
    expect(refusal(() => host.do(engine.images.pull("example.org/x")))).toMatch(/no such host$/);
  });

  test("a Dockerfile is built on the layers that containers stand on, and what it makes runs", () => {
    const host = docker();
    const { engine } = host;
    const dockerfile = 'FROM alpine\nCOPY hello /hello\nRUN echo built > /mark\nCMD ["sh", "/hello"]\n';
    const context = [textFile("hello", "cat /mark; echo run\n")];
    const before = host.do(engine.diskUsage());
    host.do(engine.build(["app:1", "app:2"], { dockerfile, context }));
    const id = host.run([], { Image: "app:1", Cmd: undefined as never });
    host.do(engine.wait(id));
    expect(host.logs(id)).toBe("built\nrun\n");
    expect(
      engine.images
        .history("app:2")
        .map(({ createdBy }) => createdBy)
        .slice(0, 2),
    ).toEqual(['CMD ["sh","/hello"]', "RUN /bin/sh -c echo built > /mark"]);
    const after = host.do(engine.diskUsage());
    expect([before[0]?.total, after[0]?.total, after[1]?.total]).toEqual([1, 2, 1]);
  });

  test("what was saved is loaded elsewhere, the same to the byte", () => {
    const [one, two] = [docker(), docker({}, [])];
    const archive = one.engine.images.save(["alpine"]);
    expect(two.engine.images.load(archive)).toEqual(["Loaded image: alpine:latest"]);
    expect(two.engine.images.get("alpine").id).toBe(one.engine.images.get("alpine").id);
    expect(two.finish("echo loaded").out).toBe("loaded\n");
  });

  test("a container becomes an image with what it changed, without what is mounted", () => {
    const host = docker();
    const { engine } = host;
    const id = host.run("echo new > /new; rm /etc/os-release; echo v > /data/v", {}, { Binds: ["vol:/data"] }, "cc");
    host.do(engine.wait(id));
    expect(host.do(engine.diff("cc"))).toEqual([
      { kind: "C", path: "/etc" },
      { kind: "D", path: "/etc/os-release" },
      { kind: "A", path: "/new" },
    ]);
    const image = host.do(engine.commit("cc", { name: "made:1", changes: { Cmd: ["cat", "/new"] } }));
    expect(engine.images.get("made:1").id).toBe(image.id);
    const made = host.run([], { Image: "made:1", Cmd: undefined as never });
    host.do(engine.wait(made));
    expect(host.logs(made)).toBe("new\n");
    const { out } = host.finish("ls /etc/os-release /data/v 2>&1 | grep -c 'No such'", { Image: "made:1" });
    expect(out).toBe("2\n");
  });
});

describe("copies", () => {
  test.each(["running", "stopped"])("files go in and come out of a %s container", (state) => {
    const host = docker();
    const { engine } = host;
    host.run(["sleep", "1000"], {}, { Binds: ["vol:/vol"] }, "cc");
    if (state === "stopped") host.do(engine.stop("cc", 0));
    const archive = writeTar([fileEntry("a.txt", bytes("text"), { mode: 0o640, uid: 5 })]);
    for (const path of ["/tmp", "/vol"]) host.do(engine.putArchive("cc", path, archive));
    const got = host.do(engine.getArchive("cc", "/tmp/a.txt"));
    const [entry] = readTar(got.archive);
    expect([entry?.name, entry?.mode, entry?.uid, text(entry?.extents[0]?.bytes ?? bytes(""))]).toEqual([
      "a.txt",
      0o640,
      5,
      "text",
    ]);
    expect([got.stat.name, got.stat.size]).toEqual(["a.txt", 4]);
    expect(refusal(() => host.do(engine.getArchive("cc", "/none")))).toMatch(/^404 Could not find the file \/none/);
    expect(
      refusal(() => {
        host.do(engine.putArchive("cc", "/etc/passwd", archive));
      }),
    ).toBe("400 extraction point is not a directory");
    if (state === "stopped") host.do(engine.start("cc"));
    expect(host.exec("cc", "cat /tmp/a.txt /vol/a.txt").out).toBe("texttext");
  });
});

describe("the lists", () => {
  test("ps shows what runs, the newest first, and filters", () => {
    const host = docker();
    const { engine } = host;
    host.run(["sleep", "1000"], { Labels: { tier: "web" } }, {}, "one");
    host.run(["sleep", "1000"], { Labels: { tier: "db" } }, {}, "two");
    host.run("exit 3", {}, {}, "three");
    host.do(engine.wait("three"));
    const named = (options: Parameters<typeof engine.list>[0]): string =>
      engine
        .list(options)
        .map(({ Names }) => Names[0])
        .join(" ");
    expect(named({})).toBe("/two /one");
    expect(named({ all: true })).toBe("/three /two /one");
    expect(named({ limit: 1 })).toBe("/three");
    expect(named({ filters: { label: ["tier=db"] } })).toBe("/two");
    expect(named({ filters: { label: ["tier"], name: ["one", "two"] } })).toBe("/two /one");
    expect(named({ filters: { status: ["exited"], exited: ["3"] } })).toBe("/three");
    expect(named({ all: true, filters: { before: ["three"] } })).toBe("/two /one");
    expect(named({ all: true, filters: { ancestor: ["alpine"], since: ["one"] } })).toBe("/three /two");
    expect(refusal(() => engine.list({ filters: { colour: ["red"] } }))).toBe("400 invalid filter 'colour'");
    const { Titles, Processes } = host.do(engine.top("one"));
    expect(Processes.map((row) => row[Titles.indexOf("CMD")])).toEqual(["sleep 1000"]);
    expect(host.do(engine.prune()).removed.length).toBe(1);
  });

  test("events tell what happened, in Docker's order, and whoever listens hears it", () => {
    const host = docker();
    const { engine } = host;
    const stream = engine.listen({ filters: { type: ["container"] } });
    host.run(["sleep", "1000"], {}, {}, "cc");
    host.do(engine.kill("cc", "KILL"));
    host.do(engine.remove("cc"));
    expect(engine.events({ filters: { container: ["cc"] } }).map(({ Action }) => Action)).toEqual([
      "create",
      "start",
      "kill",
      "die",
      "destroy",
    ]);
    expect(engine.events({ filters: { event: ["die"] } })[0]?.Actor.Attributes).toMatchObject({
      exitCode: "137",
      image: "alpine",
      name: "cc",
    });
    expect(host.do(stream.next()).Action).toBe("create");
    stream.close();
  });

  test("the same seed gives the same ids, names and times", () => {
    const story = (): unknown => {
      const host = docker();
      host.finish("echo hello; cat /proc/uptime");
      return [host.engine.inspect(host.engine.list({ all: true })[0]?.Id ?? ""), host.engine.events()];
    };
    expect(story()).toEqual(story());
  });
});

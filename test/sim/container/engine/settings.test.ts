import { describe, expect, test } from "vitest";
import { ms, s } from "../../../../sim/core/index.js";
import { docker, refusal } from "./hosts.js";

describe("what a container may", () => {
  test("its user, directory, variables and name are as asked, or the image's", () => {
    const host = docker();
    const { out } = host.finish("id -u; id -g; pwd; hostname; echo $A $HOME; cat /etc/hostname", {
      User: "nobody",
      WorkingDir: "/srv/deep",
      Hostname: "box",
      Env: ["A=1"],
    });
    expect(out).toBe("65534\n65534\n/srv/deep\nbox\n1 /\nbox\n");
    expect(refusal(() => host.run("true", { User: "stranger" }))).toMatch(
      /unable to find user stranger: no matching entries in passwd file/,
    );
  });

  test("14 capabilities are left; more or fewer where asked, all where privileged", () => {
    const host = docker();
    const effective = (config: Parameters<typeof host.finish>[2]): number => {
      const { out } = host.finish("grep CapEff /proc/self/status", {}, config);
      const bits = BigInt(`0x${out.trim().split(/\s+/)[1] ?? "0"}`);
      return bits.toString(2).replaceAll("0", "").length;
    };
    expect(effective({})).toBe(14);
    expect(effective({ CapAdd: ["NET_ADMIN"], CapDrop: ["CAP_CHOWN", "kill"] })).toBe(13);
    expect(effective({ CapDrop: ["ALL"], CapAdd: ["SYS_TIME"] })).toBe(1);
    expect(effective({ Privileged: true })).toBe(41);
    expect(refusal(() => host.run("true", {}, { CapAdd: ["FLY"] }))).toBe(
      '400 invalid CapAdd: unknown capability: "CAP_FLY"',
    );
    expect(host.finish("hostname x").code).not.toBe(0);
    expect(host.finish("hostname x", {}, { Privileged: true }).code).toBe(0);
  });

  test("a read-only root refuses writes but where a tmpfs or a volume is", () => {
    const host = docker();
    const command = "touch /x || echo no; touch /run/x && echo run; touch /data/x && echo data";
    const { out } = host.finish(
      command,
      { Volumes: { "/data": {} } },
      { ReadonlyRootfs: true, Tmpfs: { "/run": "size=64k" } },
    );
    expect(out).toMatch(/Read-only file system\nno\nrun\ndata\n$/);
  });

  test("too much memory kills it: 137, and the state says why", () => {
    const host = docker();
    host.engine.kernel.install({
      name: "free",
      *main(sys) {
        const most = 64 * 2 ** 20;
        const at = yield* sys.mmap(most);
        for (let length = 2 ** 20; length <= most; length *= 2) yield* sys.touch(at, length);
        return 0;
      },
    });
    const id = host.run(["free"], {}, { Memory: 32 * 2 ** 20 }, "big");
    expect(host.do(host.engine.wait(id))).toEqual({ exitCode: 137, oomKilled: true });
    expect(host.engine.inspect("big").State.OOMKilled).toBe(true);
    expect(host.engine.events({ filters: { event: ["oom"] } }).length).toBe(1);
    expect(refusal(() => host.run("true", {}, { Memory: 1000 }))).toBe("400 Minimum memory limit allowed is 6MB");
  });

  test("what fills a tmpfs over the container's memory is killed, too, and the engine goes on", () => {
    const host = docker();
    const fill = "head -c 60000000 /dev/zero > /tmp/x; echo ended";
    const id = host.run(fill, {}, { Memory: 16 * 2 ** 20, Tmpfs: { "/tmp": "size=100m" } });
    host.pass(s(60));
    const { State } = host.engine.inspect(id);
    expect([State.Running, State.OOMKilled]).toEqual([false, true]);
    expect(host.finish("echo on").out).toBe("on\n");
  });

  test("limits are files of the container's cgroup, and change while it runs", () => {
    const host = docker();
    const limits = "cd /sys/fs/cgroup; cat memory.max cpu.max pids.max cpu.weight";
    const id = host.run(
      ["sleep", "1000"],
      {},
      { Memory: 64 * 2 ** 20, NanoCpus: 500_000_000, PidsLimit: 20, CpuShares: 512 },
      "cc",
    );
    expect(host.exec(id, limits).out).toBe("67108864\n50000 100000\n20\n59\n");
    host.do(host.engine.update("cc", { Memory: 128 * 2 ** 20, PidsLimit: 30 }));
    expect(host.exec(id, limits).out).toBe("134217728\n50000 100000\n30\n59\n");
    expect(host.engine.inspect("cc").HostConfig.Memory).toBe(134_217_728);
  });

  test("half a CPU is half a CPU", () => {
    const host = docker();
    host.engine.kernel.install({
      name: "yes",
      *main(sys) {
        for (;;) yield* sys.compute(ms(1));
      },
    });
    host.run(["yes"], {}, { NanoCpus: 500_000_000 }, "busy");
    host.pass(s(1));
    const before = host.do(host.engine.stats("busy"));
    host.pass(s(4));
    const { cpu_stats: cpu, precpu_stats: pre, pids_stats } = host.do(host.engine.stats("busy", before));
    const used = cpu.cpu_usage.total_usage - pre.cpu_usage.total_usage;
    expect(used / 4e9).toBeGreaterThan(0.45);
    expect(used / 4e9).toBeLessThan(0.55);
    expect([cpu.online_cpus, pids_stats.current]).toEqual([2, 1]);
    expect(cpu.throttling_data.throttled_periods).toBeGreaterThan(20);
  });

  test("namespaces are shared where asked: the host's, or another container's", () => {
    const host = docker();
    host.run(["sleep", "1000"], { Hostname: "first" }, {}, "one");
    expect(host.finish("cat /proc/1/comm", {}, { PidMode: "container:one" }).out).toBe("sleep\n");
    expect(host.finish("readlink /proc/self/ns/net", {}, { NetworkMode: "container:one" }).out).toBe(
      host.exec("one", "readlink /proc/self/ns/net").out,
    );
    expect(host.finish("hostname", {}, { UTSMode: "host" }).out).toBe("host\n");
    host.do(host.engine.stop("one", 0));
    expect(refusal(() => host.run("true", {}, { PidMode: "container:one" }))).toMatch(
      /cannot join pid namespace of a non running/,
    );
  });
});

describe("mounts", () => {
  test("a volume outlives containers, gets what the image has there, and isn't removed while it is used", () => {
    const host = docker();
    const { engine } = host;
    host.finish("echo mine > /etc/apk/own", {}, { Binds: ["conf:/etc/apk"] });
    expect(host.finish("ls /data; cat /data/own", {}, { Binds: ["conf:/data:ro"] }).out).toBe(
      "arch\nown\nrepositories\nworld\nmine\n",
    );
    expect(host.finish("touch /data/x", {}, { Binds: ["conf:/data:ro"] }).code).not.toBe(0);
    expect(
      refusal(() => {
        host.do(engine.volumes.remove("conf"));
      }),
    ).toMatch(/^409 remove conf: volume is in use - \[/);
    host.do(engine.prune());
    expect(engine.volumes.list().map(({ Name }) => Name)).toEqual(["conf"]);
    host.do(engine.volumes.remove("conf"));
    expect(refusal(() => engine.volumes.get("conf"))).toBe("404 get conf: no such volume");
  });

  test("a volume without a name goes with its container where asked", () => {
    const host = docker();
    const { engine } = host;
    for (const volumes of [false, true]) {
      const id = host.run("true", { Volumes: { "/data": {} } });
      host.do(engine.wait(id));
      host.do(engine.remove(id, { volumes }));
    }
    expect(engine.volumes.list().length).toBe(1);
    expect(host.do(engine.volumes.prune()).length).toBe(1);
    expect(engine.volumes.list()).toEqual([]);
  });

  test("a working directory that is reached by a link of the image is made inside of the container", () => {
    const host = docker();
    const first = host.run("mkdir -p /srv/here; ln -s /srv/here /work");
    host.do(host.engine.wait(first));
    host.do(host.engine.commit(first, { name: "linked:1" }));
    const inside = { Image: "linked:1", WorkingDir: "/work/new" };
    expect(host.finish("pwd -P; ls /srv/here", inside).out).toBe("/srv/here/new\nnew\n");
    const hosts = { Binds: ["/srv:/host"] };
    expect(host.finish("ls /host", {}, hosts).out).toBe("");
  });

  test("a host's directory is seen inside, and made where -v names one that isn't there", () => {
    const host = docker();
    expect(host.finish("echo out > /in/file", {}, { Binds: ["/srv/new:/in"] }).code).toBe(0);
    expect(host.finish("cat /again/file", {}, { Binds: ["/srv/new:/again:ro"] }).out).toBe("out\n");
    const mount = { Type: "bind", Source: "/srv/none", Target: "/x" } as const;
    expect(refusal(() => host.run("true", {}, { Mounts: [mount] }))).toMatch(
      /bind source path does not exist: \/srv\/none/,
    );
    expect(refusal(() => host.run("true", {}, { Binds: ["/a:b"] }))).toMatch(/^400 invalid volume specification/);
    expect(refusal(() => host.run("true", {}, { Binds: ["/a:/b", "/c:/b"] }))).toBe("400 Duplicate mount point: /b");
  });
});

import { describe, expect, test } from "vitest";
import { createDisk, lab, MiB, ms, os, type ContainerOptions, type Docker } from "../../../sim/lab/index.js";

const docker = (): Docker => lab({ seed: 1 }).linux().docker();

describe("linux().docker()", () => {
  test("is the same engine at each call", () => {
    const host = lab().linux();
    expect(host.docker()).toBe(host.docker());
  });

  test("run pulls, creates and starts; logs, exec, top and diff look into it", () => {
    const world = lab({ seed: 1 });
    const engine = world.linux().docker();
    const web = engine.run("alpine", { name: "web", command: "echo ready; touch /tmp/made; exec sleep 1000" });
    expect(web.status).toBe("running");
    world.run(ms(100));
    expect(web.exec("cat /proc/1/comm")).toMatchObject({ stdout: "sleep\n", status: 0 });
    expect(web.exec(["sh", "-c", "echo wrong >&2; exit 3"])).toMatchObject({ stderr: "wrong\n", status: 3 });
    expect(web.logs().text).toBe("ready\n");
    expect(web.top().rows).toHaveLength(1);
    expect(web.diff().rows).toContainEqual({ change: "added", path: "/tmp/made" });
    expect(engine.ps().rows).toMatchObject([{ name: "web", image: "alpine", ports: "" }]);
    expect(engine.images().rows).toMatchObject([{ image: "alpine:latest" }]);
    expect(web.stop(0).status).toBe("exited");
    expect(engine.ps().rows).toEqual([]);
    expect(web.view().text).toMatch(/^web {2}alpine {2}Exited \(137\)/);
    web.remove();
    expect(() => engine.container("web")).toThrow("No such container: web");
  });

  test("options become what Docker's API has", () => {
    const engine = docker();
    const one = engine.run("alpine", {
      ...{ command: "sleep 9", env: { A: "1" }, publish: { 8080: 80, 5353: "53/udp" }, volumes: { data: "/data:ro" } },
      ...{ memory: MiB(64), cpus: 0.5, pids: 20, restart: "on-failure:3", hostname: "box", capDrop: ["ALL"] },
    });
    const { HostConfig, NetworkSettings, Config } = one.inspect();
    expect(HostConfig).toMatchObject({ Memory: 2 ** 26, NanoCpus: 5e8, PidsLimit: 20, Binds: ["data:/data:ro"] });
    expect(HostConfig).toMatchObject({ RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } });
    expect(NetworkSettings.Ports).toMatchObject({ "80/tcp": [{ HostPort: "8080" }], "53/udp": [{ HostPort: "5353" }] });
    expect(Config).toMatchObject({ Hostname: "box" });
    expect(one.exec("echo $A; hostname; cat /sys/fs/cgroup/pids.max").stdout).toBe("1\nbox\n20\n");
    expect(engine.ps().rows).toMatchObject([{ ports: "0.0.0.0:5353->53/udp, 0.0.0.0:8080->80/tcp" }]);
    expect(() => engine.run("alpine", { memroy: 1 } as object)).toThrow('no option "memroy"');
    expect(() => engine.run("alpine", { restart: "often" })).toThrow('restart: "often"');
    expect(() => engine.run("alpine", { name: one.name })).toThrow("is already in use");
    expect(() => engine.run("no-such-image")).toThrow(/no-such-image/);
  });

  test("devices of the host are given one by one, or all to who is privileged", () => {
    const host = lab({ seed: 1 }).linux();
    os.attachDrive(host, "sda", createDisk({ world: host.world, size: MiB(1) }));
    const engine = host.docker();
    const read = "dd if=/dev/sda of=/tmp/sector bs=512 count=1 2>&1 | tail -1; ls -l /dev/sda | cut -c1-10";
    const run = (options: Partial<ContainerOptions>): string => {
      const box = engine.run("alpine", { command: read, ...options });
      box.wait();
      return box.logs().text;
    };
    const number = host.sh("stat -c '%t %T' /dev/sda").stdout.trim();
    expect(number).toBe("103 0");
    expect(run({})).toContain("No such file");
    expect(run({ devices: ["/dev/sda"] })).toContain("512 bytes");
    expect(run({ privileged: true })).toContain("512 bytes");
    // The node is there, and may not be read.
    expect(run({ devices: ["/dev/sda:/dev/sdb:w"], command: "head -c 512 /dev/sdb" })).toContain(
      "Operation not permitted",
    );
    expect(() => run({ devices: ["/etc/hosts"] })).toThrow("not a device node");
  });

  test("containers of one network find each other by name", () => {
    const engine = docker();
    engine.createNetwork("shop", { subnet: "10.5.0.0/24" });
    const db = engine.run("alpine", { name: "db", network: "shop", aliases: ["store"], command: "sleep 1000" });
    const web = engine.run("alpine", { name: "web", network: "shop", command: "sleep 1000" });
    expect(db.address()).toBe("10.5.0.2");
    expect(web.exec("ping -c 1 store").output).toContain("1 received");
    expect(engine.networks().rows).toContainEqual({
      ...{ network: "shop", driver: "bridge", subnet: "10.5.0.0/24" },
      containers: "db, web",
    });
    expect(web.connect("bridge").address("bridge")).toBe("172.17.0.2");
    expect(web.disconnect("bridge").address("bridge")).toBeUndefined();
  });

  test("build makes an image of files, step by step, and the second time from the cache", () => {
    const engine = docker();
    const dockerfile = 'FROM alpine\nWORKDIR /app\nCOPY . .\nRUN cat src/a.txt > b.txt\nCMD ["cat", "b.txt"]\n';
    const files = { "src/a.txt": "hello\n" };
    const layers = (): unknown[] => engine.build({ tag: "mine:1", dockerfile, files }).rows.map(({ layer }) => layer);
    expect(layers().filter((one) => one === "made").length).toBeGreaterThan(1);
    expect(layers()).not.toContain("made");
    const ran = engine.run("mine:1");
    expect(ran.wait()).toBe(0);
    expect(ran.logs().text).toBe("hello\n");
    expect(() => engine.build({ dockerfile, files: { "../x": "" } })).toThrow("outside of the context");
    expect(() => engine.build({ dockerfile: "FROM alpine\nCOPPY a b\n" })).toThrow(/COPPY/);
  });
});

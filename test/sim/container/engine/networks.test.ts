import { describe, expect, test } from "vitest";
import { docker, refusal } from "./hosts.js";

const connected = { networks: true };

describe("an engine's networks", () => {
  test("containers of the default bridge reach one another by address, and know themselves by name", () => {
    const host = docker(connected);
    const first = host.run("sleep 100", { Hostname: "first" });
    const { IPAddress, Gateway } = host.engine.inspect(first).NetworkSettings.Networks["bridge"]!;
    expect([IPAddress, Gateway]).toEqual(["172.17.0.2", "172.17.0.1"]);
    const second = host.run("sleep 100");
    expect(host.exec(second, `ping -c 1 ${IPAddress}`).out).toContain("1 received");
    expect(host.exec(second, "ping -c 1 -W 1 first").code).not.toBe(0);
    expect(host.exec(first, "cat /etc/hosts").out).toContain("172.17.0.2\tfirst\n");
    host.do(host.engine.stop(first, 0));
    expect(host.engine.inspect(first).NetworkSettings.Networks).toEqual({});
    expect(host.exec(second, `ping -c 1 -W 1 ${IPAddress}`).out).toContain(" 0 received");
  });

  test("in a network that a user made they find one another by name and alias, and others don't", () => {
    const host = docker(connected);
    const { engine } = host;
    host.do(engine.networks.create({ name: "shop" }));
    const create = { config: { Image: "alpine", Cmd: ["sleep", "100"] }, host: { NetworkMode: "shop" } };
    for (const [name, aliases] of [
      ["db", ["database"]],
      ["web", []],
    ] as const) {
      host.do(engine.create({ ...create, name, endpoints: { shop: { aliases } } }));
      host.do(engine.start(name));
    }
    const outside = host.run("sleep 100");
    expect(host.exec("web", "ping -c 1 db").out).toContain("1 received");
    expect(host.exec("web", "ping -c 1 database").out).toContain("1 received");
    const { IPAddress } = engine.inspect("db").NetworkSettings.Networks["shop"]!;
    expect(host.exec(outside, `ping -c 1 -W 1 ${IPAddress}`).out).toContain(" 0 received");
    host.do(engine.networks.connect(outside, "shop"));
    expect(host.exec(outside, "ping -c 1 db").out).toContain("1 received");
    host.do(engine.networks.disconnect(outside, "shop"));
    expect(host.exec(outside, "ping -c 1 -W 1 db").code).not.toBe(0);
    expect(Object.keys(engine.networks.inspect("shop").Containers)).toHaveLength(2);
    expect(
      refusal(() => {
        host.do(engine.networks.remove("shop"));
      }),
    ).toContain("has active endpoints");
    for (const name of ["db", "web"]) host.do(engine.remove(name, { force: true }));
    expect(host.do(engine.networks.prune())).toEqual(["shop"]);
    const told = engine.events({ filters: { type: ["network"] } }).map(({ Action }) => Action);
    expect(told.filter((action) => action === "connect" || action === "disconnect")).toEqual(["connect", "disconnect"]);
  });

  test("a published port is the host's, and free again when the container has ended", () => {
    const host = docker(connected);
    const publish = { PortBindings: { "80/tcp": [{ HostPort: "8080" }] } };
    const web = host.run("sleep 100", { ExposedPorts: { "80/tcp": {}, "443/tcp": {} } }, publish);
    const bound = [{ HostIp: "0.0.0.0", HostPort: "8080" }];
    expect(host.engine.inspect(web).NetworkSettings.Ports).toEqual({ "80/tcp": bound, "443/tcp": null });
    expect(refusal(() => host.run("sleep 1", {}, publish))).toMatch(
      /^500 driver failed .*: port is already allocated$/,
    );
    host.do(host.engine.stop(web, 0));
    expect(refusal(() => host.run("sleep 1", {}, publish))).toBe("ok");
  });

  test("mode none has lo alone, mode host the host's interfaces, container:NAME another's; unknown networks are refused", () => {
    const host = docker(connected);
    const links = "ip -br link | cut -d' ' -f1 | cut -d@ -f1";
    expect(host.finish(links, {}, { NetworkMode: "none" }).out).toBe("lo\n");
    expect(host.finish(links, {}, { NetworkMode: "host" }).out).toContain("docker0");
    const first = host.run("sleep 100");
    const address = "ip -4 -br address show eth0";
    const own = host.exec(first, address).out;
    expect(own).toContain("172.17.0.2/16");
    expect(host.finish(address, {}, { NetworkMode: `container:${first}` }).out).toBe(own);
    expect(refusal(() => host.run("true", {}, { NetworkMode: "nowhere" }))).toBe("404 network nowhere not found");
  });

  test("what could not be connected leaves nothing behind", () => {
    const host = docker(connected);
    const before = host.finish("ip -br link | wc -l", {}, { NetworkMode: "host" }).out;
    const taken = { PortBindings: { "80/tcp": [{ HostPort: "99999" }] } };
    expect(refusal(() => host.run("sleep 1", {}, taken))).toContain("invalid hostPort");
    expect(refusal(() => host.run("no-such-program"))).toBe("ok");
    expect(host.finish("ip -br link | wc -l", {}, { NetworkMode: "host" }).out).toBe(before);
    expect(Object.keys(host.engine.networks.inspect("bridge").Containers)).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { lab, ms, type Docker, type Lab } from "../../../sim/lab/index.js";

const dockerfile = "FROM alpine\nCOPY hello.txt /\nCMD cat /hello.txt\n";
const build = (docker: Docker, tag: string, text = "hello\n"): void => {
  docker.build({ tag, dockerfile, files: { "hello.txt": text } });
};
const hosts = (world: Lab, count: number): Docker[] => Array.from({ length: count }, () => world.linux().docker());

describe("world.registry()", () => {
  test("what one host pushes, another runs by digest, also when the tag has moved", () => {
    const world = lab({ seed: 1 });
    const registry = world.registry("registry.campus");
    expect(world.registry("registry.campus")).toBe(registry);
    const [here, there] = hosts(world, 2);
    if (here === undefined || there === undefined) throw new Error("there are two");
    build(here, "registry.campus/hello:1");
    expect(() => here.digest("registry.campus/hello:1")).toThrow("no digest of a registry");
    expect(here.push("registry.campus/hello:1").rows.map(({ status }) => status)).toEqual(["Pushed", "Pushed"]);
    const digest = here.digest("registry.campus/hello:1");
    expect(registry.tags("hello")).toEqual(["1"]);
    build(here, "registry.campus/hello:1", "other\n");
    expect(here.push("registry.campus/hello:1").rows.map(({ status }) => status)).toContain("Layer already exists");
    const said = (image: string): string => {
      const ran = there.run(image);
      ran.wait();
      return ran.logs().text;
    };
    expect(said(digest)).toBe("hello\n");
    expect(said("registry.campus/hello:1")).toBe("other\n");
    expect(there.digest(digest)).toBe(digest);
    expect(there.digest("registry.campus/hello:1")).not.toBe(digest);
  });

  test("is another world's neither by its name nor by what is in it", () => {
    const [first, second] = [lab(), lab()];
    first.registry("registry.campus");
    const other = second.linux().docker();
    expect(() => other.pull("registry.campus/x")).toThrow("no such host");
    expect(second.registry("registry.campus").repositories).toEqual([]);
    expect(first.registry("docker.io").tags("library/alpine")).toContain("latest");
  });

  test("with users, each pushes below its own name, and all may pull", () => {
    const world = lab({ seed: 1 });
    world.registry("registry.campus", { users: { ada: "secret" } });
    const docker = world.linux().docker();
    build(docker, "registry.campus/ada/hello");
    build(docker, "registry.campus/eve/hello");
    const ada = { username: "ada", password: "secret" };
    expect(() => docker.push("registry.campus/ada/hello")).toThrow(/denied|authentication required/);
    docker.push("registry.campus/ada/hello", ada);
    expect(() => docker.push("registry.campus/eve/hello", ada)).toThrow(/denied|authentication required/);
    world.linux().docker().pull("registry.campus/ada/hello");
  });

  test("says what is wrong with a name, options and a second life", () => {
    const world = lab();
    expect(() => world.registry("campus")).toThrow("no registry's name");
    expect(() => world.registry("registry.campus/x")).toThrow("no registry's name");
    expect(() => world.registry("registry.campus", { usres: {} } as object)).toThrow('no option "usres"');
    world.registry("registry.campus:5000");
    expect(() => world.registry("registry.campus:5000", { users: {} })).toThrow("is there already");
    const host = world.linux();
    host.docker();
    expect(() => host.docker({ uplink: undefined })).toThrow("Docker runs on linux already");
  });
});

describe("docker({ uplink })", () => {
  test("a pull takes the time of what it carries, and layers that are there aren't carried", () => {
    const world = lab({ seed: 1 });
    const docker = world.linux().docker({ uplink: { down: 100e6, up: 100e6, latency: ms(10) } });
    docker.pull("nginx");
    const seconds = world.now / 1e9;
    const megabytes = (docker.uplink?.carried.down ?? 0) / 1e6;
    expect(megabytes).toBeGreaterThan(70);
    expect(seconds).toBeGreaterThan(megabytes / 12.5);
    expect(seconds).toBeLessThan(megabytes / 12.5 + 0.5);
    const { rows } = docker.pull("redis");
    expect(rows.map(({ status }) => status)).toContain("Already exists");
    expect((docker.uplink?.carried.down ?? 0) / 1e6 - megabytes).toBeLessThan(14);
  });
});

test("Docker's name server gives the addresses of one name in any order", () => {
  const docker = lab({ seed: 1 }).linux().docker();
  docker.createNetwork("shop");
  const options = { network: "shop", aliases: ["web"], command: "sleep 1000" };
  const all = [1, 2, 3].map(() => docker.run("alpine", options));
  const client = docker.run("alpine", { network: "shop", command: "sleep 1000" });
  const ask = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do ping -c 1 web | head -n 1; done";
  const found = new Set([...client.exec(ask).stdout.matchAll(/\((\d+\.[\d.]+)\)/g)].map(([, address]) => address));
  expect([...found].sort()).toEqual(all.map((one) => one.address()).sort());
});

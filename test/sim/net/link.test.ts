import { describe, expect, test } from "vitest";
import { createWorld, ms, ns, s, UsageError, type World } from "../../../sim/core/index.js";
import { hub, type Link } from "../../../sim/machine/index.js";
import {
  Bridge,
  byteLink,
  Cable,
  decodeFrame,
  encodeFrame,
  frameLink,
  LinuxBridge,
  mac,
  Medium,
  NetworkNamespace,
  veth,
  type BridgeState,
  type Frame,
  type LinkOptions,
} from "../../../sim/net/index.js";

const frame = (from: number, to: number | "all", length = 100, vlan = 0): Frame => ({
  destination: mac(to === "all" ? "ff:ff:ff:ff:ff:ff" : `02:00:00:00:00:0${to}`),
  source: mac(`02:00:00:00:00:0${from}`),
  vlan,
  payload: { kind: "other", etherType: 0x88b5, data: new Uint8Array(length - (vlan === 0 ? 14 : 18)) },
});

/** When what is sent into a cable at once comes out of it. */
function arrivals(options: Partial<LinkOptions>, count: number, length = 1500): number[] {
  const world = createWorld({ seed: 2 });
  const cable = new Cable(world, options);
  const times: number[] = [];
  const send = cable.plug(() => undefined);
  cable.plug(() => times.push(world.engine.now));
  for (let at = 0; at < count; at++) send(frame(1, 2, length));
  world.engine.run();
  return times;
}

describe("a cable", () => {
  test("takes the time of the bits, one frame after the other, and the delay", () => {
    // 1500 bytes, and 24 of preamble, check sequence and gap, at 10 Mbit/s.
    const each = ((1500 + 24) * 8 * 1e9) / 10e6;
    expect(arrivals({ rate: 10e6, delay: ms(3) }, 3)).toEqual([1, 2, 3].map((turn) => turn * each + ms(3)));
    expect(arrivals({ rate: Infinity, delay: ns(5) }, 2)).toEqual([5, 5]);
  });

  test("drops what doesn't fit into its queue", () => {
    expect(arrivals({ rate: 10e6, queue: 4 }, 20)).toHaveLength(5);
  });

  test("loses and delays by chance", () => {
    const lost = 10_000 - arrivals({ rate: 1e9, queue: 10_000, loss: 0.1 }, 10_000, 64).length;
    // Five standard deviations.
    expect(Math.abs(lost - 1000)).toBeLessThan(150);
    const late = arrivals({ rate: Infinity, delay: ms(10), jitter: ms(1), queue: 1e4 }, 5000);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(ms(10));
    expect(Math.max(...late)).toBeLessThanOrEqual(ms(11));
    expect(late.reduce((sum, time) => sum + time) / late.length / 1e6).toBeCloseTo(10.5, 1);
  });

  test("refuses options that make no sense, and a third end", () => {
    const world = createWorld();
    const half = 0.5 as ReturnType<typeof ns>;
    for (const wrong of [{ rate: 0 }, { loss: 2 }, { delay: half }, { jitter: half }, { queue: -1 }]) {
      expect(() => new Cable(world, wrong)).toThrow(UsageError);
    }
    const cable = new Cable(world);
    cable.plug(() => undefined);
    cable.plug(() => undefined);
    expect(() => cable.plug(() => undefined)).toThrow(UsageError);
  });

  test("does the same every time", () => {
    const options = { loss: 0.2, jitter: ms(1), delay: ms(1) };
    expect(arrivals(options, 100)).toEqual(arrivals(options, 100));
  });
});

test("a shared medium is one for all: two who send get half each", () => {
  const world = createWorld();
  const medium = new Medium(world, { rate: 10e6, delay: ns(0) });
  const heard = [0, 0, 0];
  const sends = [0, 1, 2].map((place) => medium.plug(() => heard[place]!++));
  for (let turn = 0; turn < 10; turn++) for (const from of [0, 1]) sends[from]!(frame(from, 2, 1500));
  world.engine.run();
  expect(heard).toEqual([10, 10, 20]);
  expect(world.engine.now).toBe(20 * 1524 * 800);
});

/** A bridge with ports whose frames are noted. */
function bridged(world: World, ports: number, vlans: Parameters<Bridge["addPort"]>[2][] = []) {
  const bridge = new Bridge(world, { vlanAware: vlans.length > 0 });
  const heard: Frame[][] = Array.from({ length: ports }, () => []);
  const all = heard.map((list, at) => bridge.addPort(`p${at}`, (got) => list.push(got), vlans[at]));
  return { bridge, heard, all, count: () => heard.map(({ length }) => length) };
}

describe("a bridge", () => {
  test("floods what it doesn't know, and sends what it knows to one port", () => {
    const { bridge, all, count } = bridged(createWorld(), 3);
    bridge.input(all[0]!, frame(1, 2));
    expect(count()).toEqual([0, 1, 1]);
    bridge.input(all[1]!, frame(2, 1));
    expect(count()).toEqual([1, 1, 1]);
    bridge.input(all[0]!, frame(1, 2));
    expect(count()).toEqual([1, 2, 1]);
    bridge.input(all[2]!, frame(3, "all"));
    expect(count()).toEqual([2, 3, 1]);
    // Two hosts behind one port: what one sends to the other stays there.
    bridge.input(all[0]!, frame(4, 1));
    expect(count()).toEqual([2, 3, 1]);
  });

  test("forgets an address after 300 seconds", () => {
    const world = createWorld();
    const { bridge, all, count } = bridged(world, 3);
    bridge.input(all[1]!, frame(2, 1));
    world.engine.run(s(300));
    bridge.input(all[0]!, frame(1, 2));
    expect(count()).toEqual([1, 1, 1]);
    world.engine.run(s(301));
    bridge.input(all[0]!, frame(1, 2));
    expect(count()).toEqual([1, 2, 2]);
  });

  test("keeps virtual LANs apart, and tags on trunks", () => {
    const access = (untagged: number) => ({ untagged });
    const world = createWorld();
    const { bridge, all, heard, count } = bridged(world, 4, [
      access(10),
      access(20),
      access(10),
      { untagged: 0, tagged: [10, 20] },
    ]);
    bridge.input(all[0]!, frame(1, "all"));
    expect(count()).toEqual([0, 0, 1, 1]);
    expect(heard[3]![0]!.vlan).toBe(10);
    expect(heard[2]![0]!.vlan).toBe(0);
    // The same address in both: learned for each VLAN by itself.
    bridge.input(all[1]!, frame(1, "all"));
    bridge.input(all[3]!, frame(5, 1, 100, 10));
    expect(count()).toEqual([1, 0, 1, 2]);
    bridge.input(all[3]!, frame(5, 1, 100, 20));
    expect(count()).toEqual([1, 1, 1, 2]);
    // What a port doesn't carry is dropped: an untagged frame on the trunk, a strange tag on an access port.
    bridge.input(all[3]!, frame(6, "all"));
    bridge.input(all[0]!, frame(6, "all", 100, 20));
    expect(count()).toEqual([1, 1, 1, 2]);
  });

  test("is saved and restored with what it learned", () => {
    const world = createWorld();
    const { bridge, all } = bridged(world, 3);
    bridge.input(all[1]!, frame(2, 1));
    const other = bridged(world, 3);
    other.bridge.restore(JSON.parse(JSON.stringify(bridge.save())) as BridgeState);
    other.bridge.input(other.all[0]!, frame(1, 2));
    expect(other.count()).toEqual([0, 1, 0]);
    expect(() => {
      bridged(world, 1).bridge.restore(bridge.save());
    }).toThrow(UsageError);
  });
});

test("namespaces behind a Linux bridge reach one another and the bridge's own address", () => {
  const world = createWorld();
  const host = new NetworkNamespace(world, "host");
  const docker0 = new LinuxBridge(world, "docker0");
  host.configure(host.addInterface(docker0.interface), "172.17.0.1/16");
  const boxes = [2, 3].map((number) => {
    const [outer, inner] = veth(world, [`veth${number}`, "eth0"]);
    host.addInterface(outer);
    host.setUp(outer);
    docker0.attach(outer);
    const box = new NetworkNamespace(world, `box${number}`);
    box.configure(box.addInterface(inner), `172.17.0.${number}/16`);
    return box;
  });
  const echo = boxes[0]!.echoSocket();
  for (const [at, to] of ["172.17.0.3", "172.17.0.1"].entries()) echo.send(to, at);
  world.engine.run();
  const answers = [echo.take(), echo.take()].map((answer) => answer?.kind);
  expect(answers).toEqual(["reply", "reply"]);
  expect(host.find("docker0")?.statistics.rxPackets).toBeGreaterThan(0);
  expect(docker0.bridge.counts.forwarded).toBeGreaterThan(0);
});

describe("a machine's link", () => {
  test("and ours carry one another's frames", () => {
    const world = createWorld();
    const cable = new Cable(world);
    const heard: Frame[] = [];
    const send = cable.plug((got) => heard.push(got));
    const bytes: Uint8Array[] = [];
    const forMachines: Link = byteLink(cable);
    const card = forMachines.plug((got) => bytes.push(got));
    card(encodeFrame(frame(1, 2)));
    card(new Uint8Array(3));
    send(frame(2, 1));
    world.engine.run();
    expect(heard).toEqual([frame(1, 2)]);
    expect(decodeFrame(bytes[0]!)).toEqual(frame(2, 1));

    const wire = hub();
    wire.plug((got) => bytes.push(got));
    frameLink(wire).plug(() => undefined)(frame(3, 4));
    expect(decodeFrame(bytes[1]!)).toEqual(frame(3, 4));
  });
});

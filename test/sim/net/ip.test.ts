import { describe, expect, test } from "vitest";
import { createWorld, ms, s, UsageError, type World } from "../../../sim/core/index.js";
import {
  Cable,
  dummy,
  ethernet,
  ipv4,
  isErrno,
  mac,
  NetworkNamespace,
  veth,
  vlan,
  Vxlan,
  type EchoAnswer,
} from "../../../sim/net/index.js";
import { pair } from "./pair.js";

/** Hosts in a chain, 10.N.0.0/24 between the Nth and the next; those between forward. */
function chain(
  length: number,
  mtus: readonly number[] = [],
): { readonly world: World; readonly hosts: NetworkNamespace[] } {
  const world = createWorld({ seed: 3 });
  const hosts = Array.from({ length }, (_, at) => new NetworkNamespace(world, `n${at}`));
  hosts.slice(1).forEach((right, at) => {
    const left = hosts[at]!;
    const [a, b] = veth(world, ["right", "left"], ms(1));
    a.mtu = b.mtu = mtus[at] ?? 1500;
    left.configure(left.addInterface(a), `10.${at}.0.1/24`);
    right.configure(right.addInterface(b), `10.${at}.0.2/24`);
  });
  hosts.forEach((host, at) => {
    host.forwarding = true;
    for (let net = 0; net < length - 1; net++) {
      if (net > at) host.addRoute({ to: `10.${net}.0.0/24`, via: `10.${at}.0.2` });
      if (net < at - 1) host.addRoute({ to: `10.${net}.0.0/24`, via: `10.${at - 1}.0.1` });
    }
  });
  return { world, hosts };
}

/** Sends an echo request and gives what came of it. */
function ping(
  world: World,
  from: NetworkNamespace,
  to: string,
  options: { ttl?: number; bytes?: number } = {},
): EchoAnswer | string | undefined {
  const echo = from.echoSocket();
  const failed = echo.send(to, 1, options);
  if (failed !== undefined) return failed;
  world.engine.run();
  const answer = echo.take();
  echo.close();
  return answer;
}

describe("ARP", () => {
  test("asks once, keeps what it learned, and asks the neighbour again when it is stale", () => {
    const { world, a, b } = pair();
    const states = (): (string | undefined)[] => a.neighbours.list().map(({ state }) => state);
    const echo = a.echoSocket();
    echo.send("10.0.0.2", 1);
    expect(states()).toEqual(["INCOMPLETE"]);
    world.engine.run();
    expect(states()).toEqual(["REACHABLE"]);
    expect(a.neighbours.list()[0]!.mac).toBe(b.interface("eth0").mac);
    // The other side knows the asker without asking, but not whether it hears.
    expect(b.neighbours.list().map(({ state }) => state)).toEqual(["DELAY"]);
    world.engine.run(s(31));
    expect(states()).toEqual(["STALE"]);
    echo.send("10.0.0.2", 2);
    expect(states()).toEqual(["DELAY"]);
    world.engine.run(s(37));
    expect(states()).toEqual(["REACHABLE"]);
  });

  test("fails after three requests, and the sender hears so", () => {
    const { world, a } = pair();
    expect(ping(world, a, "10.0.0.77")).toMatchObject({ kind: "error", type: 3, code: 1 });
    expect(world.engine.now).toBe(s(3));
    expect(a.neighbours.list().map(({ state }) => state)).toEqual(["FAILED"]);
  });

  test("is answered for others where the interface does so, and set addresses need none", () => {
    const { world, a, b } = pair();
    b.addInterface(dummy(world, "dummy0"));
    b.configure(b.interface("dummy0"), "10.0.0.200/32");
    expect(ping(world, a, "10.0.0.200")).toMatchObject({ kind: "reply" });
    b.forwarding = true;
    b.addRoute({ to: "10.0.0.201/32", dev: "dummy0" });
    b.interface("eth0").proxyArp = true;
    const socket = a.udpSocket();
    socket.send(new Uint8Array(1), "10.0.0.201", 9);
    world.engine.run();
    expect(b.interface("dummy0").statistics.txPackets + b.interface("dummy0").statistics.txDropped).toBeGreaterThan(0);
    a.neighbours.set(a.interface("eth0"), ipv4("10.0.0.50"), mac("02:00:00:00:00:50"));
    expect(a.neighbours.list().find(({ address }) => address === ipv4("10.0.0.50"))?.state).toBe("PERMANENT");
  });
});

describe("routes", () => {
  const host = (): NetworkNamespace => pair().a;

  test("are chosen by the longest prefix, then the metric", () => {
    const a = host();
    a.addInterface(dummy(a.world, "d"));
    a.configure(a.interface("d"), "192.168.0.1/16");
    a.addRoute({ to: "default", via: "10.0.0.254" });
    a.addRoute({ to: "192.168.5.0/24", via: "10.0.0.5" });
    a.addRoute({ to: "192.168.5.0/24", via: "10.0.0.6", metric: 10 });
    const via = (to: string): unknown => a.routeTo(ipv4(to))?.gateway;
    expect(via("8.8.8.8")).toBe(ipv4("10.0.0.254"));
    expect(via("192.168.5.9")).toBe(ipv4("10.0.0.5"));
    expect(a.routeTo(ipv4("192.168.6.1"))?.interface?.name).toBe("d");
    a.routes.remove(({ metric, gateway }) => metric === 0 && gateway === ipv4("10.0.0.5"));
    expect(via("192.168.5.9")).toBe(ipv4("10.0.0.6"));
    a.setUp(a.interface("d"), false);
    expect(via("192.168.6.1")).toBe(ipv4("10.0.0.254"));
  });

  test("in great number are found as in a list", () => {
    const a = host();
    const rng = a.world.rng.stream("test");
    for (let count = 0; count < 300; count++) {
      a.addRoute({
        to: `${rng.integer(4)}.${rng.integer(4)}.${rng.integer(4)}.0/${8 + rng.integer(17)}`,
        via: `10.0.0.${1 + rng.integer(250)}`,
      });
    }
    for (let count = 0; count < 300; count++) {
      const address = ipv4(`${rng.integer(4)}.${rng.integer(4)}.${rng.integer(4)}.${rng.integer(256)}`);
      const fits = ({
        destination: { network, length },
      }: {
        destination: { network: number; length: number };
      }): boolean => length === 0 || network >>> (32 - length) === address >>> (32 - length);
      expect(a.routeTo(address)).toBe(a.routes.list().find(fits));
    }
  });

  test("are chosen by rules, too", () => {
    const a = host();
    a.addRoute({ to: "default", via: "10.0.0.254" });
    a.addRoute({ to: "default", via: "10.0.0.100", table: 100 });
    a.routes.rules = [{ priority: 10, table: 100, mark: 7 }];
    expect(a.routeTo(ipv4("8.8.8.8"))?.gateway).toBe(ipv4("10.0.0.254"));
    expect(a.routeTo(ipv4("8.8.8.8"), { mark: 7 })?.gateway).toBe(ipv4("10.0.0.100"));
  });

  test("to nowhere, or by nobody, are refused with the way to mend it", () => {
    const a = host();
    expect(() => {
      a.addRoute({ to: "default", via: "172.16.0.1" });
    }).toThrow(/no way leads to the router/);
    expect(() => {
      a.addRoute({ to: "default", dev: "eth9" });
    }).toThrow(UsageError);
    expect(ping(a.world, a, "8.8.8.8")).toBe("ENETUNREACH");
    a.addRoute({ to: "9.0.0.0/8", type: "unreachable" });
    expect(ping(a.world, a, "9.9.9.9")).toBe("EHOSTUNREACH");
  });
});

describe("a router", () => {
  test("passes packets on, each a hop less", () => {
    const { world, hosts } = chain(5);
    expect(ping(world, hosts[0]!, "10.3.0.2")).toMatchObject({ kind: "reply", from: ipv4("10.3.0.2"), ttl: 61 });
    expect(hosts[2]!.counters.forwarded).toBe(2);
  });

  test("says when a packet's time is over, and from where", () => {
    const { world, hosts } = chain(5);
    const names = [1, 2, 3].map((ttl) => {
      const answer = ping(world, hosts[0]!, "10.3.0.2", { ttl });
      return typeof answer === "object" && answer.kind === "error" ? [answer.type, answer.from] : answer;
    });
    expect(names).toEqual([0, 1, 2].map((net) => [11, ipv4(`10.${net}.0.2`)]));
  });

  test("says when there is no way", () => {
    const { world, hosts } = chain(3);
    hosts[0]!.addRoute({ to: "default", via: "10.0.0.2" });
    expect(ping(world, hosts[0]!, "99.0.0.1")).toMatchObject({
      kind: "error",
      type: 3,
      code: 0,
      from: ipv4("10.0.0.2"),
    });
    hosts[1]!.forwarding = false;
    expect(ping(world, hosts[0]!, "10.1.0.2")).toBeUndefined();
    expect(hosts[1]!.counters.notForUs).toBe(1);
  });

  test("cuts what is too long, and the end puts it together", () => {
    const { world, hosts } = chain(4, [1500, 600, 300]);
    expect(ping(world, hosts[0]!, "10.2.0.2", { bytes: 4000 })).toMatchObject({ kind: "reply", bytes: 4008 });
    expect(hosts[3]!.interface("left").statistics.rxPackets).toBeGreaterThan(14);
  });

  test("tells TCP of a smaller MTU, and TCP sends smaller segments", () => {
    const { world, hosts } = chain(4, [1500, 576, 1500]);
    const [a, d] = [hosts[0]!, hosts[3]!];
    const listener = d.tcpSocket();
    listener.bind("0.0.0.0", 80);
    listener.listen();
    const reading = world.engine.spawn(
      (function* () {
        const socket = yield* listener.accept();
        if (isErrno(socket)) throw new Error(socket);
        let sum = 0;
        for (;;) {
          const got = yield* socket.receive();
          if (isErrno(got) || got.length === 0) return sum;
          sum += got.length;
        }
      })(),
    );
    const socket = a.tcpSocket();
    world.engine.spawn(
      (function* () {
        expect(yield* socket.connect("10.2.0.2", 80)).toBeUndefined();
        yield* socket.send(new Uint8Array(30_000));
        expect(socket.info()).toMatchObject({ mss: 1460 });
        yield world.engine.delay(s(1));
        expect(socket.info()).toMatchObject({ mss: 536 });
        socket.close();
      })(),
    );
    world.engine.run();
    expect(reading.value).toBe(30_000);
  });
});

describe("UDP", () => {
  test("brings datagrams, and an error where nobody has the port", () => {
    const { world, a, b } = pair();
    const server = b.udpSocket();
    expect(server.bind("0.0.0.0", 53)).toBeUndefined();
    expect(b.udpSocket().bind("0.0.0.0", 53)).toBe("EADDRINUSE");
    const client = a.udpSocket();
    client.connect("10.0.0.2", 53);
    client.send(new Uint8Array([1, 2, 3]));
    world.engine.run();
    expect(server.tryReceive()).toMatchObject({
      data: new Uint8Array([1, 2, 3]),
      address: ipv4("10.0.0.1"),
      port: client.local.port,
    });
    const other = a.udpSocket();
    other.connect("10.0.0.2", 54);
    other.send(new Uint8Array(1));
    world.engine.run();
    expect(other.tryReceive()).toBe("ECONNREFUSED");
    expect(other.tryReceive()).toBe("EAGAIN");
  });

  test("reaches everybody on the link by a broadcast, and itself by loopback", () => {
    const { world, a, b } = pair();
    const heard = [a, b].map((host) => {
      const socket = host.udpSocket();
      socket.bind("0.0.0.0", 1000);
      return socket;
    });
    const socket = a.udpSocket();
    expect(socket.send(new Uint8Array(1), "10.0.0.255", 1000)).toBeUndefined();
    expect(socket.send(new Uint8Array(2), "127.0.0.1", 1000)).toBeUndefined();
    world.engine.run();
    expect(heard.map((one) => one.readable)).toEqual([true, true]);
    // A broadcast that nobody listens to is no error (RFC 1122, 3.2.2).
    socket.send(new Uint8Array(1), "10.0.0.255", 1001);
    world.engine.run();
    expect([b.udp.noPort, socket.takeDatagramError()]).toEqual([1, undefined]);
    expect(heard[0]!.tryReceive()).toMatchObject({ address: ipv4("127.0.0.1"), data: new Uint8Array(2) });
  });
});

describe("overlays", () => {
  test("a VLAN's interface hears its own tag alone", () => {
    const { world, a, b } = pair();
    for (const [host, end] of [
      [a, 1],
      [b, 2],
    ] as const) {
      for (const id of [10, 20])
        host.configure(host.addInterface(vlan(host.interface("eth0"), id)), `10.${id}.0.${end}/24`);
    }
    expect(ping(world, a, "10.10.0.2")).toMatchObject({ kind: "reply" });
    b.setUp(b.interface("eth0.20"), false);
    expect(ping(world, a, "10.20.0.2")).toMatchObject({ kind: "error" });
    expect(() => vlan(a.interface("eth0"), 10)).toThrow(UsageError);
  });

  test("a VXLAN carries an Ethernet over routers, and networks with other numbers don't hear it", () => {
    const { world, hosts } = chain(3);
    const [a, , c] = hosts as [NetworkNamespace, NetworkNamespace, NetworkNamespace];
    const nets = [
      [a, "10.1.0.2", "10.0.0.1", 1],
      [c, "10.0.0.1", "10.1.0.2", 2],
    ] as const;
    const made = nets.map(([host, remote, local, end]) =>
      [7, 8].map((vni) => {
        const vxlan = new Vxlan(host, { vni, name: `vxlan${vni}`, local, remotes: [remote] });
        host.configure(host.addInterface(vxlan.interface), `192.168.${vni}.${end}/24`);
        return vxlan;
      }),
    );
    expect(ping(world, a, "192.168.7.2", { bytes: 1400 })).toMatchObject({ kind: "reply", ttl: 64 });
    expect(made[0]![0]!.learned.size).toBe(1);
    expect(made[0]![1]!.learned.size).toBe(0);
    expect(c.interface("vxlan8").statistics.rxPackets).toBe(0);
    // The encapsulation takes 50 bytes of the MTU.
    expect(a.interface("vxlan7").mtu).toBe(1450);
  });
});

test("an interface moves into another namespace, without its addresses", () => {
  const world = createWorld();
  const [a, b] = [new NetworkNamespace(world, "a"), new NetworkNamespace(world, "b", { loopback: false })];
  expect(b.lo.up).toBe(false);
  const eth = a.addInterface(ethernet(world, "eth0"));
  eth.plug(new Cable(world));
  a.configure(eth, "10.0.0.1/24");
  b.addInterface(eth, "net0");
  expect([eth.name, eth.up, eth.addresses, a.find("eth0"), a.isLocal(ipv4("10.0.0.1")), a.routes.list()]).toEqual([
    "net0",
    false,
    [],
    undefined,
    false,
    [],
  ]);
  expect(() => b.addInterface(ethernet(world, "net0"))).toThrow(UsageError);
});

test("a namespace's tables are saved and restored", () => {
  const { world, a } = pair();
  a.addRoute({ to: "default", via: "10.0.0.2" });
  a.addRoute({ to: "default", via: "10.0.0.2", table: 5 });
  a.routes.rules = [{ priority: 1, table: 5, mark: 3 }];
  a.iptables("-t nat -A POSTROUTING -o eth0 -j MASQUERADE");
  expect(ping(world, a, "10.0.0.2")).toMatchObject({ kind: "reply" });
  const state = a.save();
  const plain = JSON.parse(JSON.stringify(state)) as typeof state;
  const other = new NetworkNamespace(world, "other");
  expect(() => {
    other.restore(plain);
  }).toThrow(/no interface "eth0"/);
  other.addInterface(ethernet(world, "eth0"));
  other.restore(plain);
  expect(other.save()).toEqual(state);
  expect(state.netfilter?.connections).toHaveLength(1);
});

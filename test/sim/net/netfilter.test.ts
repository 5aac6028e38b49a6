import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { needs, pathOf } from "../../clients/tools.js";
import { createWorld, s, UsageError, type Activity, type World } from "../../../sim/core/index.js";
import { ipv4, isErrno, LinuxBridge, NetworkNamespace, parseRule, printRule, veth } from "../../../sim/net/index.js";

/** What Docker writes for one container with a published port (moby 24, `iptables-save`). */
const docker = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
`;

interface Site {
  readonly world: World;
  /** 192.168.0.1, outside. */
  readonly client: NetworkNamespace;
  /** 192.168.0.2 outside, 172.17.0.1 on docker0. */
  readonly host: NetworkNamespace;
  /** 172.17.0.2 and on. */
  readonly boxes: readonly NetworkNamespace[];
  readonly bridge: LinuxBridge;
}

/** A computer with containers behind a bridge, and another one outside. */
function site(containers = 1): Site {
  const world = createWorld({ seed: 9 });
  const [client, host] = [new NetworkNamespace(world, "client"), new NetworkNamespace(world, "host")];
  const [outside, eth0] = veth(world, ["eth0", "eth0"]);
  client.configure(client.addInterface(outside), "192.168.0.1/24");
  host.configure(host.addInterface(eth0), "192.168.0.2/24");
  host.forwarding = true;
  const bridge = new LinuxBridge(world, "docker0");
  host.configure(host.addInterface(bridge.interface), "172.17.0.1/16");
  const boxes = Array.from({ length: containers }, (_, at) => {
    const [outer, inner] = veth(world, [`veth${at}`, "eth0"]);
    host.configure(host.addInterface(outer));
    bridge.attach(outer).hairpin = true;
    const box = new NetworkNamespace(world, `box${at}`);
    box.configure(box.addInterface(inner), `172.17.0.${at + 2}/16`);
    box.addRoute({ to: "default", via: "172.17.0.1" });
    return box;
  });
  return { world, client, host, boxes, bridge };
}

/** Serves connections: each gets the server's name and whom it takes the client for. */
function serve({ world }: Site, on: NetworkNamespace, port: number): void {
  const listener = on.tcpSocket();
  listener.bind("0.0.0.0", port);
  listener.listen();
  function* answer(): Activity<void> {
    for (;;) {
      const socket = yield* listener.accept();
      if (isErrno(socket)) return;
      yield* socket.send(
        new TextEncoder().encode(`${on.name} sees ${String(socket).split(" ").at(-1)!.split(":")[0]!}`),
      );
      socket.close();
    }
  }
  world.engine.spawn(answer(), { background: true });
}

/** Connects and reads all; the errno where that fails. */
function ask({ world }: Site, from: NetworkNamespace, to: string, port: number): string {
  function* asking(): Activity<string> {
    const socket = from.tcpSocket();
    const failed = yield* socket.connect(to, port);
    if (failed !== undefined) return failed;
    const got = yield* socket.receive();
    socket.close();
    return isErrno(got) ? got : new TextDecoder().decode(got);
  }
  const process = world.engine.spawn(asking());
  world.engine.run();
  return process.value;
}

describe("Docker's rules", () => {
  test("publish a port, hide containers behind the host, and keep others out", () => {
    const all = site(2);
    const { host, client, boxes } = all;
    host.netfilter.restoreRules(docker);
    serve(all, boxes[0]!, 80);
    serve(all, client, 99);
    expect(ask(all, client, "192.168.0.2", 8080)).toBe("box0 sees 192.168.0.1");
    expect(ask(all, boxes[0]!, "192.168.0.1", 99)).toBe("client sees 192.168.0.2");
    expect(ask(all, host, "192.168.0.2", 8080)).toBe("box0 sees 192.168.0.2");
    expect(ask(all, boxes[1]!, "172.17.0.2", 80)).toBe("box0 sees 172.17.0.3");
    const shown = host
      .connectionTable()
      .rows.map(({ original, reply }) => `${String(original)}, ${String(reply)}`)
      .join("\n");
    expect(shown).toMatch(/192\.168\.0\.1:\d+ → 192\.168\.0\.2:8080, 172\.17\.0\.2:80 → 192\.168\.0\.1/);
    // From outside, a container isn't reached past its published port.
    client.addRoute({ to: "172.17.0.0/16", via: "192.168.0.2" });
    expect(ask(all, client, "172.17.0.3", 80)).toBe("ETIMEDOUT");
    expect(host.netfilter.rules.chain("filter", "FORWARD").packets).toBeGreaterThan(0);
  });

  test("are printed as iptables-save prints them", () => {
    const { host } = site();
    host.netfilter.restoreRules(docker);
    expect(host.netfilter.saveRules()).toBe(
      docker.replace(/\*filter[\s\S]*/, "") + docker.replace(/[\s\S]*\*filter/, "*filter"),
    );
    const counted = host.netfilter.saveRules({ counters: true });
    host.netfilter.restoreRules(counted);
    expect(host.netfilter.saveRules({ counters: true })).toBe(counted);
  });
});

/** What the real program makes of rules, in a network namespace of its own; undefined where this user may make none. */
function legacy(restored: string): string | undefined {
  const commands = `${pathOf("iptables-legacy-restore")} && ${pathOf("iptables-legacy-save")}`;
  const { status, stdout } = spawnSync(pathOf("unshare"), ["-rn", "sh", "-c", commands], {
    input: restored,
    encoding: "utf8",
  });
  return status === 0 ? stdout.replaceAll(/^#.*\n/gm, "") : undefined;
}

test("iptables reads what we print, and prints it as we do", (context) => {
  needs(context, "iptables-legacy-restore", "iptables-legacy-save", "unshare");
  const empty = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
  context.skip(
    legacy(empty) !== empty,
    "iptables-legacy doesn't run in a user's network namespace here (ip_tables not there)",
  );
  const { host } = site();
  host.netfilter.restoreRules(docker);
  modes.iptables(host, 3, ["172.17.0.2:8080", "172.17.0.3:8080", "172.17.0.4:8080"]);
  for (const line of [
    "-A INPUT -s 10.0.0.0/8 ! -d 10.1.2.3 -i eth+ -p udp --sport 53 -m comment --comment 'a name' -j ACCEPT",
    "-A INPUT -p tcp -m multiport --dports 80,443,8000:8010 -m conntrack --ctstate NEW,ESTABLISHED -j DROP",
    "-A INPUT -p tcp --syn -j REJECT --reject-with tcp-reset",
    "-A INPUT -m mark ! --mark 1 -j REJECT",
    "-t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080",
    "-t nat -A POSTROUTING -p udp -j SNAT --to-source 1.2.3.4:1000-2000",
    "-t mangle -A PREROUTING -j MARK --or-mark 0x10",
    "-A OUTPUT -m statistic --mode nth --every 3 --packet 0 -g DOCKER-USER",
  ]) {
    host.iptables(line);
  }
  const ours = host.netfilter.saveRules();
  const sorted = (text: string): string[] => text.split("\n").sort();
  // The program sorts user's chains by name and tables in another order.
  expect(sorted(legacy(ours) ?? "")).toEqual(sorted(ours));
});

describe("rules", () => {
  test("in iptables' syntax are the same when read again", () => {
    const lines = [
      '-s 10.0.0.0/8 ! -d 10.1.0.0/16 -i eth+ -p udp -m udp --sport 53 -m comment --comment "a name" -j ACCEPT',
      "-p tcp -m multiport --dports 80,443,8000:8010 -m conntrack --ctstate NEW,ESTABLISHED,DNAT -j DROP",
      "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT --reject-with tcp-reset",
      '-p icmp -m icmp --icmp-type 8 -j LOG --log-prefix "ping: "',
      "-m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-1",
      "-m statistic --mode nth --every 3 --packet 0 -g other",
      "-m set ! --match-set pods src,dst -m mark --mark 0x4000/0x4000 -j RETURN",
      "-m mark ! --mark 0x1 -j MARK --set-xmark 0x4000/0x4000",
      "-p tcp -j REDIRECT --to-ports 8080",
      "-j SNAT --to-source 1.2.3.4:1000-2000 --random-fully",
      "-j DNAT --to-destination :81",
      "-m addrtype ! --src-type LOCAL",
    ];
    for (const line of lines)
      expect(printRule(parseRule(line.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ""))))).toBe(line);
  });

  test("that make no sense are refused, with the line and the way to mend it, and change nothing", () => {
    const { host } = site();
    const wrong = [
      ["-A INPUT -j NOWHERE", /no chain "NOWHERE"/],
      ["-A INPUT --dprot 80 -j DROP", /--dprot.*/],
      ["-A INPUT -p tcpp -j DROP", /no protocol/],
      ["-A INPUT -j DNAT --to-destination 1.2.3.4", /table filter/],
      ["-A INPUT -s 10.0.0.300 -j DROP", /no address/],
      ["-Q INPUT", /no command/],
      ["-D INPUT -j DROP", /no such rule/],
    ] as const;
    for (const [line, message] of wrong) expect(() => host.iptables(line), line).toThrow(message);
    host.iptables("-A FORWARD -j DROP");
    const before = host.netfilter.saveRules();
    expect(() => {
      host.netfilter.restoreRules("*filter\n:FORWARD ACCEPT\n-A FORWARD -j GONE\nCOMMIT\n");
    }).toThrow(/line 3/);
    expect(host.netfilter.saveRules()).toBe(before);
    expect(() => {
      host.netfilter.restoreRules("*filter\n");
    }).toThrow(UsageError);
  });

  test("are edited by iptables' commands", () => {
    const { host } = site();
    for (const line of [
      "-N mine",
      "-A mine -j ACCEPT",
      "-I FORWARD -p tcp -j mine",
      "-P FORWARD DROP",
      "-A FORWARD -p udp -j DROP",
    ])
      host.iptables(line);
    expect(host.iptables("iptables -t filter -S FORWARD")).toBe(
      "-P FORWARD DROP\n-A FORWARD -p tcp -j mine\n-A FORWARD -p udp -j DROP\n",
    );
    expect(() => host.iptables("-X mine")).toThrow(/is jumped to/);
    host.iptables("-C FORWARD -p udp -j DROP");
    host.iptables("-D FORWARD 1");
    host.iptables("-F mine");
    host.iptables("-X mine");
    expect(host.iptables("-S")).toBe("-P INPUT ACCEPT\n-P FORWARD DROP\n-P OUTPUT ACCEPT\n-A FORWARD -p udp -j DROP\n");
  });

  test("reject in different words", () => {
    const all = site();
    const { host, client } = all;
    serve(all, host, 80);
    const after = (rule: string): string => {
      host.iptables("-F INPUT");
      host.iptables(`-A INPUT -p tcp --dport 80 ${rule}`);
      return ask(all, client, "192.168.0.2", 80);
    };
    expect(after("-j ACCEPT")).toBe("host sees 192.168.0.1");
    expect(after("-j REJECT --reject-with tcp-reset")).toBe("ECONNREFUSED");
    expect(after("-j REJECT --reject-with icmp-host-unreachable")).toBe("EHOSTUNREACH");
    expect(after("-m conntrack --ctstate NEW -j DROP")).toBe("ETIMEDOUT");
    expect(after("-m set --match-set nobody src -j DROP")).toBe("host sees 192.168.0.1");
    const set = host.netfilter.addSet("nobody", "hash:net", ["192.168.0.0/30"]);
    expect(after("-m set --match-set nobody src -j REJECT --reject-with tcp-reset")).toBe("ECONNREFUSED");
    set.delete("192.168.0.0/30");
    expect(after("-m set --match-set nobody src -j DROP")).toBe("host sees 192.168.0.1");
    expect(after("-j LOG --log-prefix seen")).toBe("host sees 192.168.0.1");
    expect(all.world.trace.rows("net.log").length).toBeGreaterThan(3);
  });
});

describe("translation", () => {
  test("lets an error about a translated packet find its sender", () => {
    const { world, host, boxes, client } = site();
    host.iptables("-t nat -A POSTROUTING -s 172.17.0.0/16 -o eth0 -j MASQUERADE");
    client.iptables("-A INPUT -p udp -j REJECT");
    const socket = boxes[0]!.udpSocket();
    socket.connect("192.168.0.1", 7);
    socket.send(new Uint8Array(1));
    const echo = boxes[0]!.echoSocket();
    echo.send("192.168.0.1", 1);
    world.engine.run();
    expect(socket.tryReceive()).toBe("ECONNREFUSED");
    expect(echo.take()).toMatchObject({ kind: "reply", from: ipv4("192.168.0.1") });
  });

  test("gives two containers that use one port two ports outside", () => {
    const { world, host, boxes, client } = site(2);
    host.iptables("-t nat -A POSTROUTING -s 172.17.0.0/16 -o eth0 -j MASQUERADE");
    const server = client.udpSocket();
    server.bind("0.0.0.0", 7);
    for (const box of boxes) {
      const socket = box.udpSocket();
      socket.bind("0.0.0.0", 5000);
      socket.send(new Uint8Array(1), "192.168.0.1", 7);
    }
    world.engine.run();
    const ports = [server.tryReceive(), server.tryReceive()].map((got) => (isErrno(got) ? got : got.port));
    expect(ports[0]).toBe(5000);
    expect(ports[1]).toBe(5001);
  });

  test("ends with its connection's time", () => {
    const { world, host, boxes } = site();
    host.iptables("-t nat -A POSTROUTING -o eth0 -j MASQUERADE");
    const socket = boxes[0]!.udpSocket();
    socket.send(new Uint8Array(1), "192.168.0.1", 7);
    world.engine.run();
    expect(host.netfilter.conntrack.list().some(({ original }) => original.protocol === 17)).toBe(true);
    world.engine.run(s(31));
    expect(host.netfilter.conntrack.list().some(({ original }) => original.protocol === 17)).toBe(false);
  });
});

/** A service at 10.96.0.1:80 with containers behind it, in each of kube-proxy's ways. */
const modes = {
  iptables(host: NetworkNamespace, services: number, ends: readonly string[]): void {
    const lines = ["*nat", ":KUBE-SERVICES - [0:0]"];
    for (let at = services; at >= 1; at--) lines.push(`:KUBE-SVC-${at} - [0:0]`);
    lines.push(
      ":KUBE-MARK-MASQ - [0:0]",
      "-A PREROUTING -j KUBE-SERVICES",
      "-A OUTPUT -j KUBE-SERVICES",
      "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
    );
    for (let at = services; at >= 1; at--) {
      lines.push(`-A KUBE-SERVICES -d 10.96.0.${at}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-${at}`);
    }
    lines.push("-A KUBE-SVC-1 -j KUBE-MARK-MASQ");
    ends.forEach((end, at) => {
      const left = ends.length - at;
      const chance = left === 1 ? "" : `-m statistic --mode random --probability ${(1 / left).toFixed(11)} `;
      lines.push(`-A KUBE-SVC-1 -p tcp ${chance}-j DNAT --to-destination ${end}`);
    });
    lines.push("-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE", "COMMIT", "");
    host.netfilter.restoreRules(lines.join("\n"));
  },
  nftables(host: NetworkNamespace, services: number, ends: readonly string[]): void {
    const { netfilter } = host;
    for (let at = 1; at <= services; at++) {
      netfilter
        .map("services")
        .set(`10.96.0.${at} . tcp . 80`, { target: "JUMP", chain: at === 1 ? "service" : "none" });
    }
    const lines = ["*nat", ":service - [0:0]", ":none - [0:0]"];
    for (const hook of ["PREROUTING", "OUTPUT"])
      lines.push(`-A ${hook} -j MAP --key destination,protocol,dport --map services`);
    lines.push("-A service -j MARK --set-xmark 0x4000/0x4000");
    ends.forEach((end, at) => {
      lines.push(
        `-A service -p tcp -m statistic --mode random --probability ${(1 / (ends.length - at)).toFixed(11)} -j DNAT --to-destination ${end}`,
      );
    });
    lines.push("-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE", "COMMIT", "");
    netfilter.restoreRules(lines.join("\n"));
  },
  ipvs(host: NetworkNamespace, services: number, ends: readonly string[]): void {
    for (let at = 1; at <= services; at++) {
      host.addAddress(host.lo, `10.96.0.${at}/32`);
      const server = host.netfilter.ipvs.add("tcp", `10.96.0.${at}:80`);
      if (at === 1) for (const end of ends) host.netfilter.ipvs.addReal(server, end);
    }
    host.iptables("-t nat -A POSTROUTING -d 172.17.0.0/16 -j MASQUERADE");
  },
};

describe.each(Object.keys(modes) as (keyof typeof modes)[])("a service by %s", (mode) => {
  test("is reached from outside, from the node and from a container, at all of its ends", () => {
    const all = site(3);
    const { host, client, boxes } = all;
    modes[mode](host, 3, ["172.17.0.2:8080", "172.17.0.3:8080"]);
    for (const box of boxes.slice(0, 2)) serve(all, box, 8080);
    client.addRoute({ to: "10.96.0.0/16", via: "192.168.0.2" });
    host.addRoute({ to: "default", via: "192.168.0.1" });
    const servers = (from: NetworkNamespace): Set<string> =>
      new Set(Array.from({ length: 12 }, () => ask(all, from, "10.96.0.1", 80).split(" ")[0]!));
    for (const from of [client, host, boxes[2]!]) expect(servers(from)).toEqual(new Set(["box0", "box1"]));
    // A container that is given itself: by the bridge and back.
    expect(servers(boxes[0]!)).toEqual(new Set(["box0", "box1"]));
  });
});

test("a service whose ends are on its client's own bridge needs the bridge's packets filtered, too", () => {
  const all = site(2);
  const { host, boxes, bridge } = all;
  host.iptables("-t nat -A PREROUTING -d 10.96.0.1 -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:8080");
  serve(all, boxes[0]!, 8080);
  // The answer comes from an address that nobody called.
  expect(ask(all, boxes[1]!, "10.96.0.1", 80)).toBe("ETIMEDOUT");
  host.filterBridge(bridge);
  expect(ask(all, boxes[1]!, "10.96.0.1", 80)).toBe("box0 sees 172.17.0.3");
  expect(ask(all, boxes[1]!, "172.17.0.2", 8080)).toBe("box0 sees 172.17.0.3");
  host.iptables("-A FORWARD -d 172.17.0.2 -j REJECT --reject-with tcp-reset");
  expect(ask(all, boxes[1]!, "172.17.0.2", 8080)).toBe("ECONNREFUSED");
});

test("the first packet of a connection costs rules in iptables, look-ups in nftables and IPVS", () => {
  const cost = (mode: keyof typeof modes, services: number): { rules: number; lookups: number } => {
    const all = site();
    const { host, client, boxes } = all;
    modes[mode](host, services, ["172.17.0.2:8080"]);
    serve(all, boxes[0]!, 8080);
    client.addRoute({ to: "10.96.0.0/16", via: "192.168.0.2" });
    expect(ask(all, client, "10.96.0.1", 80)).toMatch("box0");
    const { work } = host.netfilter;
    const before = { ...work };
    expect(ask(all, client, "10.96.0.1", 80)).toMatch("box0");
    return { rules: work.rules - before.rules, lookups: work.lookups - before.lookups };
  };
  for (const mode of ["nftables", "ipvs"] as const) expect(cost(mode, 200)).toEqual(cost(mode, 20));
  expect(cost("iptables", 200).rules - cost("iptables", 20).rules).toBe(180);
});

test("IPVS chooses by turns, by fewest connections, or by source", () => {
  const { ipvs } = site().host.netfilter;
  const made = (["rr", "lc", "sh"] as const).map((scheduler, at) => {
    const server = ipvs.add("tcp", `10.0.0.${at}:80`, scheduler);
    for (const end of [1, 2, 3]) ipvs.addReal(server, `10.1.0.${end}:80`, end === 3 ? 0 : 1);
    return server;
  });
  const [rr, lc, sh] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
  const ends = (server: typeof rr, times: number): (number | undefined)[] =>
    Array.from({ length: times }, (_, at) => ipvs.choose(server, ipv4(`1.2.3.${at}`))?.address).map(
      (address) => address && address % 256,
    );
  expect(ends(rr, 4)).toEqual([1, 2, 1, 2]);
  lc.servers[0]!.active = 5;
  expect(ends(lc, 2)).toEqual([2, 2]);
  expect(new Set(ends(sh, 40))).toEqual(new Set([1, 2]));
  expect(ends(sh, 5)).toEqual(ends(sh, 5));
});

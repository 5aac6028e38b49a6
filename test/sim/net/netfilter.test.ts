import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { needs, pathOf } from "../../clients/tools.js";
import { s, UsageError } from "../../../sim/core/index.js";
import { ipv4, isErrno, parseRule, printRule } from "../../../sim/net/index.js";
import { ask, modes, serve, site } from "./site.js";

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

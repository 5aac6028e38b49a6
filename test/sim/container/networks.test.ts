import { describe, expect, test } from "vitest";
import type { Activity } from "../../../sim/core/index.js";
import { netlink } from "../../../sim/os/index.js";
import { inContainer } from "./containers.js";
import { box, fetch, refusal, run, withNetworks } from "./network-host.js";

describe("networks that a user makes", () => {
  test("resolve names, aliases and ids of their containers, and ask others about the rest", () => {
    const seen = withNetworks(function* (sys, networks) {
      yield* networks.create(sys, { name: "front" });
      const web = yield* box(sys, networks, "web", "front", { aliases: ["www"] });
      const client = yield* box(sys, networks, "client", "front");
      yield* box(sys, networks, "web2", "front", { aliases: ["www"] });
      yield* box(sys, networks, "other");
      return [
        yield* run(sys, client, "cat /etc/resolv.conf; getent hosts web web.front webxxxxxxxxx other"),
        yield* run(sys, client, "getent hosts www | sort; getent hosts www.example.org; getent hosts 172.18.0.2"),
        yield* fetch(sys, client, "web"),
        yield* run(sys, client, `getent hosts ${web.id.slice(0, 12)}; nslookup web; nslookup nosuch.example.org`),
        yield* run(sys, client, "ping -c 1 web | sed -e s/time.*// -e /^rtt/d"),
      ];
    });
    expect(seen).toEqual([
      "nameserver 127.0.0.11\noptions ndots:0\n172.18.0.2      web\n172.18.0.2      web.front\n",
      "172.18.0.2      www\n172.18.0.4      www\n192.168.0.1     www.example.org\n172.18.0.2      web.front\n",
      "web for 172.18.0.3\n",
      "172.18.0.2      web000000000\n" +
        "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11#53\n\nNon-authoritative answer:\nName:\tweb\nAddress: 172.18.0.2\n\n" +
        "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11#53\n\n** server can't find nosuch.example.org: NXDOMAIN\n\n",
      "PING web (172.18.0.2) 56(84) bytes of data.\n" +
        "64 bytes from web.front (172.18.0.2): icmp_seq=1 ttl=64 \n\n--- web ping statistics ---\n" +
        "1 packets transmitted, 1 received, 0% packet loss, \n",
    ]);
  });

  test("are kept apart; who is in two reaches both", () => {
    const seen = withNetworks(function* (sys, networks) {
      yield* networks.create(sys, { name: "a" });
      yield* networks.create(sys, { name: "b" });
      const one = yield* box(sys, networks, "one", "a");
      const two = yield* box(sys, networks, "two", "b");
      const both = yield* box(sys, networks, "both", ["a", "b"]);
      const log = [
        yield* fetch(sys, one, "172.19.0.2"),
        yield* fetch(sys, two, "172.18.0.2"),
        yield* fetch(sys, both, "172.19.0.2"),
        yield* fetch(sys, both, "one"),
        yield* fetch(sys, both, "two"),
        yield* run(sys, both, "ip -br addr | cut -c1-4,32-; ip route"),
      ];
      yield* networks.disconnect(sys, "a", both.id);
      log.push(yield* run(sys, both, "ip route; getent hosts one; echo $?"));
      yield* networks.connect(sys, "a", both);
      log.push(yield* run(sys, both, "ip -br addr | cut -c1-4,32-"), yield* fetch(sys, both, "one"));
      return log;
    });
    expect(seen).toEqual([
      "failed\n",
      "failed\n",
      "two for 172.19.0.3\n",
      "one for 172.18.0.3\n",
      "two for 172.19.0.3\n",
      "lo   127.0.0.1/8 \neth0 172.18.0.3/16 \neth1 172.19.0.3/16 \n" +
        "default via 172.18.0.1 dev eth0 \n172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.3 \n" +
        "172.19.0.0/16 dev eth1 proto kernel scope link src 172.19.0.3 \n",
      "default via 172.19.0.1 dev eth1 \n172.19.0.0/16 dev eth1 proto kernel scope link src 172.19.0.3 \n2\n",
      "lo   127.0.0.1/8 \neth1 172.19.0.3/16 \neth2 172.18.0.3/16 \n",
      "one for 172.18.0.3\n",
    ]);
  });

  test("that are internal lead nowhere", () => {
    const seen = withNetworks(function* (sys, networks) {
      yield* networks.create(sys, { name: "inner", internal: true });
      const one = yield* box(sys, networks, "one", "inner");
      yield* box(sys, networks, "two", "inner");
      return [
        yield* fetch(sys, one, "two"),
        yield* run(sys, one, "ip route; ping -c 1 -W 1 192.168.0.1; getent hosts www.example.org; echo $?"),
      ];
    });
    expect(seen).toEqual([
      "two for 172.18.0.2\n",
      "172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2 \nping: connect: Network is unreachable\n2\n",
    ]);
  });

  test("take subnets, ranges, gateways and addresses; others come from Docker's pools", () => {
    const seen = withNetworks(function* (sys, networks) {
      const ipam = { subnet: "10.5.0.0/16", range: "10.5.1.0/24", gateway: "10.5.0.254", reserved: ["10.5.1.1"] };
      yield* networks.create(sys, {
        name: "own",
        ipam,
        labels: { a: "b" },
        options: { "com.docker.network.bridge.name": "own0" },
      });
      yield* networks.create(sys, { name: "n1" });
      yield* networks.create(sys, { name: "n2" });
      yield* networks.remove(sys, "n1");
      yield* networks.create(sys, { name: "n3" });
      const one = yield* box(sys, networks, "one", "own");
      yield* box(sys, networks, "two", "own", { address: "10.5.7.7", mac: "02:00:00:00:00:77" });
      yield* networks.release(sys, one.id);
      const three = yield* box(sys, networks, "three", "own");
      return {
        own: networks.inspect("own"),
        subnets: networks.list().map(({ name }) => [name, networks.inspect(name).IPAM.Config[0]?.Subnet]),
        three: networks.settings(three.id).Networks["own"]?.IPAddress,
        link: yield* run(sys, undefined, "ip -br addr show own0"),
      };
    });
    const { own } = seen;
    expect(own).toMatchObject({
      Name: "own",
      Scope: "local",
      Driver: "bridge",
      IPAM: { Driver: "default", Config: [{ Subnet: "10.5.0.0/16", IPRange: "10.5.1.0/24", Gateway: "10.5.0.254" }] },
      Labels: { a: "b" },
    });
    expect(
      Object.values(own.Containers).map(({ Name, IPv4Address, MacAddress }) => [Name, IPv4Address, MacAddress]),
    ).toEqual([
      ["two", "10.5.7.7/16", "02:00:00:00:00:77"],
      ["three", "10.5.1.0/16", "02:42:0a:05:01:00"],
    ]);
    expect(seen.subnets).toEqual([
      ["bridge", "172.17.0.0/16"],
      ["host", undefined],
      ["n2", "172.19.0.0/16"],
      ["n3", "172.18.0.0/16"],
      ["none", undefined],
      ["own", "10.5.0.0/16"],
    ]);
    expect(seen.three).toBe("10.5.1.0");
    expect(seen.link).toBe("own0             UP             10.5.0.254/16 \n");
  });

  test("a pool that the host has a route to is nobody's", () => {
    const seen = withNetworks(function* (sys, networks) {
      yield* netlink(sys, { type: "RTM_NEWROUTE", to: "172.18.5.0/24", via: "192.168.0.1" });
      yield* networks.create(sys, { name: "n" });
      return networks.inspect("n").IPAM.Config[0]?.Subnet;
    });
    expect(seen).toBe("172.19.0.0/16");
  });
});

test("what can't be is refused in Docker's words", () => {
  const seen = withNetworks(function* (sys, networks) {
    yield* networks.create(sys, { name: "n", ipam: { subnet: "10.5.0.0/29" } });
    const one = yield* box(sys, networks, "one", "n");
    const two = yield* box(sys, networks, "two");
    const log: string[] = [];
    const attempts: (() => Activity<unknown>)[] = [
      () => networks.create(sys, { name: "n" }),
      () => networks.create(sys, { name: "bridge" }),
      () => networks.create(sys, { name: "a b" }),
      () => networks.create(sys, { name: "x", driver: "host" }),
      () => networks.create(sys, { name: "x", driver: "overlay" }),
      () => networks.create(sys, { name: "x", ipam: { subnet: "10.5.0.0/16" } }),
      () => networks.create(sys, { name: "x", ipam: { subnet: "10.6.0.1/16" } }),
      () => networks.create(sys, { name: "x", ipam: { subnet: "10.6.0.0/33" } }),
      () => networks.create(sys, { name: "x", ipam: { subnet: "10.6.0.0/16", gateway: "10.7.0.1" } }),
      () => networks.create(sys, { name: "x", ipam: { range: "10.6.0.0/16" } }),
      () => networks.remove(sys, "bridge"),
      () => networks.remove(sys, "nosuch"),
      () => networks.connect(sys, "n", one),
      () => networks.connect(sys, "n", two, { address: "10.5.0.2" }),
      () => networks.connect(sys, "n", two, { address: "10.9.0.2" }),
      () => networks.connect(sys, "host", two),
      () => networks.connect(sys, "none", two),
      () => networks.disconnect(sys, "n", two.id),
      () => networks.disconnect(sys, "host", two.id),
    ];
    for (const call of attempts) log.push(yield* refusal(call()));
    // Six addresses are in it, of which the gateway has one.
    for (let at = 0; at < 4; at++) yield* box(sys, networks, `more${at}`, "n");
    log.push(yield* refusal(networks.connect(sys, "n", two)));
    log.push((yield* refusal(networks.remove(sys, "n"))).replace(/id \w+/, "id ID"));
    return log;
  });
  expect(seen).toEqual([
    "409 network with name n already exists",
    "403 operation is not permitted on predefined bridge network",
    '400 invalid network name "a b": only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
    '403 only one instance of "host" network is allowed',
    "404 could not find plugin overlay in v1 plugin registry: plugin not found",
    "403 invalid pool request: Pool overlaps with other one on this address space",
    "400 invalid network config:\ninvalid subnet 10.6.0.1/16: it should be 10.6.0.0/16",
    "400 invalid subnet 10.6.0.0/33: invalid CIDR block notation",
    "400 no configured subnet contains IP address 10.7.0.1",
    "400 no matching subnet for range 10.6.0.0/16",
    "403 bridge is a pre-defined network and cannot be removed",
    "404 network nosuch not found",
    "403 endpoint with name one already exists in network n",
    "403 Address already in use",
    "400 no configured subnet contains IP address 10.9.0.2",
    "403 container cannot be disconnected from host network or connected to host network",
    "400 container cannot be connected to multiple networks with one of the networks in private (none) mode",
    `403 container ${"two".padEnd(64, "0")} is not connected to network n`,
    "403 container cannot be disconnected from host network or connected to host network",
    "500 no available IPv4 addresses on this network's address pools: n",
    "403 error while removing network: network n id ID has active endpoints",
  ]);
});

test("pruning takes networks that nobody is in, bridge and rules with them", () => {
  const seen = withNetworks(function* (sys, networks) {
    const before = yield* run(sys, undefined, "iptables-save | grep -v ^#; ip -br link | cut -c1-16");
    for (const name of ["a", "b", "c"]) yield* networks.create(sys, { name, internal: name === "c" });
    const end = yield* box(sys, networks, "one", "b");
    const gone = [yield* networks.prune(sys), networks.list()].map((all) => all.map(({ name }) => name));
    yield* networks.disconnect(sys, "b", end.id);
    yield* networks.prune(sys);
    const after = yield* run(sys, undefined, "iptables-save | grep -v ^#; ip -br link | cut -c1-16");
    return { before, gone, after };
  });
  expect(seen.gone).toEqual([
    ["a", "c"],
    ["b", "bridge", "host", "none"],
  ]);
  const rules = (text: string): string => text.replaceAll(/\[\d+:\d+\]/g, "");
  expect(rules(seen.after)).toBe(rules(seen.before));
});

test("a container without a network has lo, and it is up", () => {
  const seen = inContainer(function* (sys) {
    const links = yield* netlink(sys, { type: "RTM_GETLINK" });
    return links.map(({ name, up, addresses }) => ({ name, up, addresses }));
  });
  expect(seen).toEqual([{ name: "lo", up: true, addresses: ["127.0.0.1/8"] }]);
});

test("the same seed gives the same ids", () => {
  const once = (): string =>
    withNetworks(function* (_sys, networks) {
      return networks.find("bridge").id;
    });
  expect(once()).toBe(once());
});

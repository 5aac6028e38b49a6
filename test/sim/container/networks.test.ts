import { describe, expect, test } from "vitest";
import { createWorld, encodeUtf8, ms, type Activity, type World } from "../../../sim/core/index.js";
import { NetworkError, Networks, type ContainerEnd, type ConnectOptions } from "../../../sim/container/index.js";
import { Cable, DnsServer, ethernet, HttpClient, ipv4, NetworkNamespace, Zone } from "../../../sim/net/index.js";
import {
  AF_INET,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWUTS,
  Kernel,
  MS_PRIVATE,
  MS_REC,
  netlink,
  SOCK_STREAM,
  type Sys,
} from "../../../sim/os/index.js";
import { capture, installPrograms, writeRoot } from "../../../sim/userland/index.js";
import { play, text, writeFile } from "../os/system.js";
import { inContainer } from "./containers.js";

interface Host {
  readonly world: World;
  readonly kernel: Kernel;
  readonly outside: NetworkNamespace;
}

/** A host 192.168.0.2 with the userland, and another computer: 192.168.0.1, which is its router and name server. */
function host(): Host {
  const world = createWorld({ seed: 5 });
  const cable = new Cable(world);
  const kernel = new Kernel({ world, cpus: 2, cards: [{ link: cable, mac: "02:00:00:00:00:02" }] });
  installPrograms(kernel);
  kernel.run((sys) => writeRoot(sys));
  const outside = new NetworkNamespace(world, "outside");
  const card = outside.addInterface(ethernet(world, "eth0"));
  card.plug(cable);
  outside.configure(card, "192.168.0.1/24");
  const zone = new Zone("example.org");
  zone.add("www.example.org", { type: "A", address: ipv4("192.168.0.1") });
  new DnsServer(outside, { zones: [zone] });
  return { world, kernel, outside };
}

/** Runs as an engine does, with networks that are up. */
const withNetworks = <T>(body: (sys: Sys, networks: Networks) => Activity<T>, { kernel }: Host = host()): T =>
  play(function* (sys) {
    yield* netlink(sys, { type: "RTM_NEWADDR", name: "eth0", address: "192.168.0.2/24" });
    yield* netlink(sys, { type: "RTM_SETLINK", name: "eth0", set: { up: true } });
    yield* netlink(sys, { type: "RTM_NEWROUTE", to: "default", via: "192.168.0.1" });
    yield* writeFile(sys, "/etc/resolv.conf", "nameserver 192.168.0.1\n");
    const networks = new Networks();
    yield* networks.start(sys);
    return yield* body(sys, networks);
  }, kernel);

/** Says who is called, and from where, to each connection at port 80. */
function* serve(sys: Sys): Activity<number> {
  const server = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.bind(server, { address: "0.0.0.0", port: 80 });
  yield* sys.listen(server, 16);
  for (;;) {
    const fd = yield* sys.accept4(server);
    const peer = yield* sys.getpeername(fd);
    yield* sys.read(fd, 4096);
    const { nodename } = yield* sys.uname();
    const body = `${nodename} for ${typeof peer === "string" ? peer : peer.address}\n`;
    yield* sys.write(fd, encodeUtf8(`HTTP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    yield* sys.close(fd);
  }
}

/** Starts what a container's process is to its networks: a task with namespaces of its own, which serves. */
function* box(
  sys: Sys,
  networks: Networks,
  name: string,
  network: string | readonly string[] = "bridge",
  options: ConnectOptions = {},
  more: Partial<ContainerEnd> = {},
): Activity<ContainerEnd> {
  const gate = yield* sys.pipe2();
  const id = name.padEnd(64, "0");
  const files = { hosts: "", resolvConf: "" };
  const pid = yield* sys.clone(
    function* (child) {
      yield* child.sethostname(name);
      yield* child.mount("", "/", undefined, MS_REC | MS_PRIVATE);
      yield* child.read(gate[0], 1);
      yield* child.mount("tmpfs", "/etc", "tmpfs", 0);
      yield* writeFile(child, "/etc/hosts", files.hosts);
      yield* writeFile(child, "/etc/resolv.conf", files.resolvConf);
      return yield* serve(child);
    },
    { flags: CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWNS },
  );
  const end = { id, name, hostname: name, pid, ...more };
  for (const one of typeof network === "string" ? [network] : network) yield* networks.connect(sys, one, end, options);
  Object.assign(files, yield* networks.files(sys, end));
  yield* sys.write(gate[1], encodeUtf8("x"));
  for (const fd of gate) yield* sys.close(fd);
  // Until it listens.
  yield* sys.nanosleep(ms(10));
  return end;
}

/** What a shell's line says in a container, or on the host. */
function* run(sys: Sys, where: ContainerEnd | undefined, line: string): Activity<string> {
  const script = where === undefined ? line : `nsenter -t ${where.pid} -n -m sh -c '${line}'`;
  return (yield* capture(sys, ["/bin/sh", "-c", script])).output;
}

const fetch = (sys: Sys, from: ContainerEnd | undefined, url: string): Activity<string> =>
  run(sys, from, `curl -s ${url} || echo failed`);

/** What is refused: the status and the words. */
function* refusal(call: Activity<unknown>): Activity<string> {
  try {
    yield* call;
    return "done";
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return `${error.status} ${error.message}`;
  }
}

describe("the default bridge", () => {
  test("stands with Docker's rules, and goes by what the host has", () => {
    const seen = withNetworks(function* (sys, networks) {
      const end = yield* box(sys, networks, "c1");
      yield* networks.publish(sys, end.id, { "80/tcp": [{ HostPort: "8080" }] });
      return [
        yield* run(sys, undefined, "ip -br addr show dev docker0; ip route; iptables -S; iptables -t nat -S"),
        yield* run(sys, end, "ip -br addr; ip route; ip link show eth0; cat /etc/hosts /etc/resolv.conf"),
      ];
    });
    expect(seen[0]).toBe(`docker0          UP             172.17.0.1/16 
default via 192.168.0.1 dev eth0 
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 
192.168.0.0/24 dev eth0 proto kernel scope link src 192.168.0.2 
-P INPUT ACCEPT
-P FORWARD DROP
-P OUTPUT ACCEPT
-N DOCKER
-N DOCKER-ISOLATION-STAGE-1
-N DOCKER-ISOLATION-STAGE-2
-N DOCKER-USER
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
-P PREROUTING ACCEPT
-P INPUT ACCEPT
-P OUTPUT ACCEPT
-P POSTROUTING ACCEPT
-N DOCKER
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
`);
    expect(seen[1]?.replace(/if\d+|^\d+:/gm, "N")).toBe(`lo               UNKNOWN        127.0.0.1/8 
eth0@N         UP             172.17.0.2/16 
default via 172.17.0.1 dev eth0 
172.17.0.0/16 dev eth0 proto kernel scope link src 172.17.0.2 
N eth0@N: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default qlen 1000
    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
172.17.0.2\tc1
nameserver 192.168.0.1
`);
  });

  test("containers reach each other by address, not by name, and the world by the host's address", () => {
    const all = host();
    const seen = withNetworks(function* (sys, networks) {
      const [one, two] = [yield* box(sys, networks, "c1"), yield* box(sys, networks, "c2")];
      return [
        yield* fetch(sys, two, "172.17.0.2"),
        yield* fetch(sys, one, "172.17.0.3"),
        yield* fetch(sys, one, "c2"),
        yield* run(sys, one, "getent hosts c1 www.example.org"),
        yield* run(sys, one, "ping -c 1 -q 192.168.0.1 | grep received | sed s/,.time.*//"),
      ];
    }, all);
    expect(seen).toEqual([
      "c1 for 172.17.0.3\n",
      "c2 for 172.17.0.2\n",
      "failed\n",
      "172.17.0.2      c1\n192.168.0.1     www.example.org\n",
      "1 packets transmitted, 1 received, 0% packet loss\n",
    ]);
  });
});

describe("published ports", () => {
  test("are reached from outside, from the host, from the container itself; and no more when it ends", () => {
    const all = host();
    const client = new HttpClient(all.outside);
    const heard: string[] = [];
    const call = (): void => {
      all.world.engine.spawn(
        (function* () {
          const got = yield* client.request("http://192.168.0.2:8080/");
          heard.push(typeof got === "string" ? got : text(got.body));
        })(),
      );
    };
    const seen = withNetworks(function* (sys, networks) {
      const one = yield* box(sys, networks, "c1");
      const ports = yield* networks.publish(sys, one.id, { "80/tcp": [{ HostPort: "8080" }] }, ["80/tcp", "443/tcp"]);
      call();
      const log: unknown[] = [
        ports,
        yield* fetch(sys, undefined, "127.0.0.1:8080"),
        yield* fetch(sys, undefined, "192.168.0.2:8080"),
        yield* fetch(sys, one, "192.168.0.2:8080"),
        yield* run(sys, undefined, "ss -tlnH | sort"),
      ];
      yield* sys.kill(one.pid, "SIGKILL");
      yield* sys.wait4(one.pid);
      yield* networks.release(sys, one.id);
      log.push(
        yield* fetch(sys, undefined, "127.0.0.1:8080"),
        yield* run(sys, undefined, "iptables-save | grep 172.17.0.2; ip -br link | cut -c1-7; ss -tlnH"),
      );
      return log;
    }, all);
    expect(heard).toEqual(["c1 for 192.168.0.1\n"]);
    expect(seen).toEqual([
      { "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }], "443/tcp": null },
      "c1 for 172.17.0.1\n",
      "c1 for 192.168.0.2\n",
      "c1 for 172.17.0.1\n",
      "LISTEN 0 128 0.0.0.0:8080 0.0.0.0:*\n",
      "failed\n",
      "lo     \neth0   \ndocker0\n",
    ]);
  });

  test("are the host's once: Docker's words for a port that is taken, by a container or by a program", () => {
    const seen = withNetworks(function* (sys, networks) {
      const [one, two] = [yield* box(sys, networks, "c1"), yield* box(sys, networks, "c2")];
      yield* networks.publish(sys, one.id, { "80/tcp": [{ HostPort: "8080" }] });
      const log = [yield* refusal(networks.publish(sys, two.id, { "80/tcp": [{ HostPort: "8080" }] }))];
      const taken = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.bind(taken, { address: "0.0.0.0", port: 9000 });
      yield* sys.listen(taken, 1);
      log.push(yield* refusal(networks.publish(sys, two.id, { "80/tcp": [{ HostPort: "9000" }] })));
      log.push(yield* refusal(networks.publish(sys, two.id, { "x/tcp": [{}] })));
      const any = yield* networks.publish(sys, two.id, { "80/tcp": [{}], "53/udp": [{ HostPort: "8080-8085" }] });
      return [...log, any];
    });
    const failed = "500 driver failed programming external connectivity on endpoint c2:";
    expect(seen).toEqual([
      `${failed} Bind for 0.0.0.0:8080 failed: port is already allocated`,
      `${failed} Error starting userland proxy: listen tcp4 0.0.0.0:9000: bind: address already in use`,
      '400 invalid port specification: "x/tcp"',
      {
        "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "32768" }],
        "53/udp": [{ HostIp: "0.0.0.0", HostPort: "8080" }],
      },
    ]);
  });
});

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

import { describe, expect, test } from "vitest";
import { HttpClient } from "../../../sim/net/index.js";
import { AF_INET, SOCK_STREAM } from "../../../sim/os/index.js";
import { text } from "../os/system.js";
import { box, fetch, host, refusal, run, withNetworks } from "./network-host.js";

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

import { describe, expect, test } from "vitest";
import { encodeUtf8, createWorld, ms, s, type Activity, type World } from "../../../sim/core/index.js";
import {
  Cable,
  DnsServer,
  ethernet,
  HttpClient,
  HttpServer,
  ipv4,
  NetworkNamespace,
  textResponse,
  Zone,
} from "../../../sim/net/index.js";
import {
  AF_INET,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWUTS,
  getaddrinfo,
  Kernel,
  MNT_DETACH,
  MS_BIND,
  MS_PRIVATE,
  MS_REC,
  netlink,
  O_CREAT,
  SOCK_STREAM,
  SOL_SOCKET,
  type NameError,
  type NetlinkRequest,
  type Sys,
} from "../../../sim/os/index.js";
import { code, play, readFile, text, writeFile } from "./system.js";

/** A machine with a card, and another computer at the other end of its cable: 192.168.0.1. */
function machine(): { readonly world: World; readonly kernel: Kernel; readonly outside: NetworkNamespace } {
  const world = createWorld({ seed: 5 });
  const cable = new Cable(world);
  const kernel = new Kernel({ world, cpus: 2, cards: [{ link: cable, mac: "02:00:00:00:00:02" }] });
  const outside = new NetworkNamespace(world, "outside");
  const card = outside.addInterface(ethernet(world, "eth0"));
  card.plug(cable);
  outside.configure(card, "192.168.0.1/24");
  return { world, kernel, outside };
}

function* ask(sys: Sys, ...requests: readonly NetlinkRequest[]): Activity<undefined> {
  for (const request of requests) yield* netlink(sys, request);
  return undefined;
}

/** What `docker0` stands for: a bridge with an address, forwarding, masquerading, and a published port. */
function* prepareHost(sys: Sys): Activity<undefined> {
  yield* ask(
    sys,
    { type: "RTM_NEWADDR", name: "eth0", address: "192.168.0.2/24" },
    { type: "RTM_SETLINK", name: "eth0", set: { up: true } },
    { type: "RTM_NEWLINK", name: "docker0", kind: "bridge" },
    { type: "RTM_NEWADDR", name: "docker0", address: "172.17.0.1/16" },
    { type: "RTM_SETLINK", name: "docker0", set: { up: true } },
    { type: "NFT_MSG_NEWRULE", line: "-t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE" },
    {
      type: "NFT_MSG_NEWRULE",
      line: "-t nat -A PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
    },
  );
  yield* writeFile(sys, "/proc/sys/net/ipv4/ip_forward", "1");
  return undefined;
}

/** An HTTP/1.0 server that says what it is called and whom it takes the client for. */
function* serve(sys: Sys): Activity<number> {
  const server = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.bind(server, { address: "0.0.0.0", port: 80 });
  yield* sys.listen(server, 16);
  for (;;) {
    const fd = yield* sys.accept4(server);
    const peer = yield* sys.getpeername(fd);
    yield* sys.read(fd, 4096);
    const { nodename } = yield* sys.uname();
    const body = `${nodename} for ${typeof peer === "string" ? peer : peer.address}`;
    yield* sys.write(fd, encodeUtf8(`HTTP/1.0 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    yield* sys.close(fd);
  }
}

function* fetch(sys: Sys, address: string, port = 80): Activity<string> {
  const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.connect(fd, { address, port });
  yield* sys.write(fd, encodeUtf8(`GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`));
  let all = "";
  for (;;) {
    const bytes = yield* sys.read(fd, 4096);
    if (bytes.length === 0) break;
    all += text(bytes);
  }
  yield* sys.close(fd);
  return all.split("\r\n\r\n")[1] ?? "";
}

/** A container by hand with a veth to the bridge; it serves until it is killed. @returns its pid */
function* container(sys: Sys, number: number, body: (sys: Sys) => Activity<number>): Activity<number> {
  const gate = yield* sys.pipe2();
  const pid = yield* sys.clone(
    function* (child) {
      yield* child.sethostname(`box${number}`);
      yield* child.read(gate[0], 1);
      yield* ask(
        child,
        { type: "RTM_SETLINK", name: "lo", set: { up: true } },
        { type: "RTM_NEWADDR", name: "eth0", address: `172.17.0.${number + 1}/16` },
        { type: "RTM_SETLINK", name: "eth0", set: { up: true } },
        { type: "RTM_NEWROUTE", to: "default", via: "172.17.0.1" },
      );
      return yield* body(child);
    },
    { flags: CLONE_NEWNET | CLONE_NEWUTS },
  );
  yield* ask(
    sys,
    { type: "RTM_NEWLINK", name: `veth${number}`, kind: "veth", peer: "eth0", peerNet: { pid } },
    { type: "RTM_SETLINK", name: `veth${number}`, set: { master: "docker0", up: true } },
  );
  yield* sys.write(gate[1], encodeUtf8("x"));
  return pid;
}

describe("two containers by hand, a bridge and NAT", () => {
  test("fetch over HTTP from each other, from outside, and out", () => {
    const { world, kernel, outside } = machine();
    new HttpServer(outside, {
      port: 80,
      handler: (request) => textResponse(`outside for ${request.headers["host"] ?? ""}`),
    });
    const fromOutside: string[] = [];
    const client = new HttpClient(outside);
    const seen = play(function* (sys) {
      yield* prepareHost(sys);
      const first = yield* container(sys, 1, serve);
      const log: string[] = [];
      const second = yield* container(sys, 2, function* (child) {
        log.push(yield* fetch(child, "172.17.0.2"), yield* fetch(child, "192.168.0.1"));
        return 0;
      });
      yield* sys.wait4(second);
      log.push(yield* fetch(sys, "172.17.0.2"));
      world.engine.spawn(
        (function* () {
          const got = yield* client.request("http://192.168.0.2:8080/");
          fromOutside.push(typeof got === "string" ? got : text(got.body));
        })(),
      );
      yield* sys.nanosleep(ms(500));
      yield* sys.kill(first, "SIGKILL");
      return log;
    }, kernel);
    expect(seen).toEqual(["box1 for 172.17.0.3", "outside for 192.168.0.1", "box1 for 172.17.0.1"]);
    expect(fromOutside).toEqual(["box1 for 192.168.0.1"]);
  });

  test("names are found by /etc/hosts and by the server of /etc/resolv.conf", () => {
    const { kernel, outside } = machine();
    const zone = new Zone("example.org");
    zone.add("www.example.org", { type: "A", address: ipv4("192.168.0.1") });
    new DnsServer(outside, { zones: [zone] });
    const seen = play(function* (sys) {
      yield* prepareHost(sys);
      yield* writeFile(sys, "/etc/hosts", "127.0.0.1 localhost\n10.9.9.9 db db.internal # the base\n");
      yield* writeFile(sys, "/etc/resolv.conf", "search example.org\nnameserver 192.168.0.1\n");
      const log: (NameError | string | undefined)[] = [];
      for (const name of ["10.1.2.3", "db", "www", "www.example.org", "none.example.org"]) {
        const found = yield* getaddrinfo(sys, name);
        log.push("code" in found ? found : found[0]);
      }
      yield* writeFile(sys, "/etc/resolv.conf", "nameserver 192.168.0.77\noptions timeout:1 attempts:1\n");
      const missing = yield* getaddrinfo(sys, "www.example.org");
      return [...log, missing];
    }, kernel);
    expect(seen).toEqual([
      "10.1.2.3",
      "10.9.9.9",
      "192.168.0.1",
      "192.168.0.1",
      { code: "EAI_NONAME", message: "Name or service not known" },
      { code: "EAI_AGAIN", message: "Temporary failure in name resolution" },
    ]);
  });
});

describe("a network namespace ends with its last reference", () => {
  const vethOf = function* (sys: Sys, pid: number): Activity<undefined> {
    return yield* ask(sys, { type: "RTM_NEWLINK", name: "v", kind: "veth", peer: "p", peerNet: { pid } });
  };
  const links = function* (sys: Sys): Activity<string> {
    return (yield* netlink(sys, { type: "RTM_GETLINK" })).map(({ name }) => name).join(" ");
  };

  test("a task's: the veth's peer vanishes, a card comes home", () => {
    const { kernel } = machine();
    const seen = play(function* (sys) {
      const pid = yield* sys.clone((child) => child.pause(), { flags: CLONE_NEWNET });
      yield* vethOf(sys, pid);
      yield* ask(sys, { type: "RTM_SETLINK", name: "eth0", net: { pid } });
      const taken = yield* code(ask(sys, { type: "RTM_SETLINK", name: "eth0", net: { pid } }));
      const before = yield* links(sys);
      yield* sys.kill(pid, "SIGKILL");
      yield* sys.wait4(pid);
      return [taken, before, yield* links(sys)];
    }, kernel);
    expect(seen).toEqual(["ENODEV", "lo v", "lo eth0"]);
  });

  test("an open file and a bind mount keep it, and setns leads back in", () => {
    const seen = play(function* (sys) {
      yield* sys.unshare(CLONE_NEWNS);
      yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
      const pid = yield* sys.clone((child) => child.pause(), { flags: CLONE_NEWNET });
      yield* vethOf(sys, pid);
      const fd = yield* sys.open(`/proc/${pid}/ns/net`);
      yield* sys.close(yield* sys.open("/run/netns", O_CREAT));
      yield* sys.mount(`/proc/${pid}/ns/net`, "/run/netns", undefined, MS_BIND);
      yield* sys.kill(pid, "SIGKILL");
      yield* sys.wait4(pid);
      const log = [yield* links(sys)];
      yield* sys.close(fd);
      log.push(yield* links(sys));
      yield* sys.clone(function* (child) {
        yield* child.setns(yield* child.open("/run/netns"), CLONE_NEWNET);
        log.push(yield* links(child));
      });
      yield* sys.wait4();
      yield* sys.umount2("/run/netns", MNT_DETACH);
      log.push(yield* links(sys));
      return log;
    });
    expect(seen).toEqual(["lo v", "lo v", "lo p", "lo"]);
  });

  test("a socket keeps it", () => {
    const seen = play(function* (sys) {
      const gate = yield* sys.pipe2();
      const pid = yield* sys.clone(
        function* (child) {
          yield* child.read(gate[0], 1);
        },
        { flags: CLONE_NEWNET },
      );
      yield* vethOf(sys, pid);
      // A socket of the other namespace stays one, wherever its holder goes.
      const home = yield* sys.open("/proc/self/ns/net");
      yield* sys.setns(yield* sys.open(`/proc/${pid}/ns/net`), CLONE_NEWNET);
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.setns(home, CLONE_NEWNET);
      yield* sys.close(home + 1);
      yield* sys.write(gate[1], encodeUtf8("x"));
      yield* sys.wait4(pid);
      const log = [yield* links(sys)];
      yield* sys.close(fd);
      log.push(yield* links(sys));
      return log;
    });
    expect(seen).toEqual(["lo v", "lo"]);
  });
});

describe("rtnetlink", () => {
  test("says what Linux says to what can't be", () => {
    const seen = play(function* (sys) {
      const log: string[] = [];
      const tries: readonly NetlinkRequest[] = [
        { type: "RTM_NEWLINK", name: "br0", kind: "bridge" },
        { type: "RTM_NEWLINK", name: "br0", kind: "bridge" },
        { type: "RTM_NEWLINK", name: "a-name-that-is-too-long", kind: "dummy" },
        { type: "RTM_SETLINK", name: "none", set: { up: true } },
        { type: "RTM_DELLINK", name: "lo" },
        { type: "RTM_NEWADDR", name: "br0", address: "10.0.0.1/24" },
        { type: "RTM_NEWADDR", name: "br0", address: "10.0.0.1/24" },
        { type: "RTM_DELADDR", name: "br0", address: "10.0.0.2/24" },
        { type: "RTM_NEWROUTE", to: "default", via: "10.0.0.254" },
        { type: "RTM_NEWROUTE", to: "10.5.0.0/16", dev: "br0" },
        { type: "RTM_SETLINK", name: "br0", set: { up: true } },
        { type: "RTM_NEWROUTE", to: "default", via: "10.0.0.254" },
        { type: "RTM_NEWROUTE", to: "default", via: "10.0.0.253" },
        { type: "RTM_NEWROUTE", to: "default", via: "10.0.0.253", replace: true },
        { type: "RTM_DELROUTE", to: "10.7.0.0/16" },
        { type: "NFT_MSG_NEWRULE", line: "-A NOWHERE -j ACCEPT" },
      ];
      for (const one of tries) log.push(yield* code(ask(sys, one)));
      const routes = yield* netlink(sys, { type: "RTM_GETROUTE" });
      const [way] = yield* netlink(sys, { type: "RTM_GETROUTE", get: "1.1.1.1" });
      return [log, routes.map(({ to, via, dev }) => `${to} ${via ?? "-"} ${dev ?? "-"}`), way?.src];
    });
    expect(seen).toEqual([
      "ok EEXIST EINVAL ENODEV EOPNOTSUPP ok EEXIST EADDRNOTAVAIL ENETUNREACH ENETDOWN ok ok EEXIST ok ESRCH EINVAL".split(
        " ",
      ),
      ["10.0.0.0/24 - br0", "default 10.0.0.253 br0"],
      "10.0.0.1",
    ]);
  });

  test("a new namespace's lo is down, and gets its address as it goes up", () => {
    const seen = play(function* (sys) {
      yield* sys.unshare(CLONE_NEWNET);
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
      const down = yield* code(sys.connect(fd, { address: "127.0.0.1", port: 1 }));
      yield* ask(sys, { type: "RTM_SETLINK", name: "lo", set: { up: true } });
      const up = yield* code(sys.connect(fd, { address: "127.0.0.1", port: 1 }));
      return [down, up, yield* readFile(sys, "/sys/class/net/lo/flags")];
    });
    expect(seen.slice(0, 2)).toEqual(["ENETUNREACH", "ECONNREFUSED"]);
  });
});

describe("packets take CPU time", () => {
  /** 6 MB from outside to a container behind NAT and a bridge, or to the host itself. Bits a second; seconds of the CPU. */
  function transfer(
    rate: number,
    to: "container" | "host",
  ): { readonly throughput: number; readonly softirq: number; readonly seconds: number } {
    const world = createWorld({ seed: 3 });
    const cable = new Cable(world, { rate });
    const kernel = new Kernel({ world, cards: [{ link: cable }] });
    const outside = new NetworkNamespace(world, "outside");
    const card = outside.addInterface(ethernet(world, "eth0"));
    card.plug(cable);
    outside.configure(card, "192.168.0.1/24");
    const total = 6_000_000;
    const sending = outside.tcpSocket();
    let [begin, end] = [0, 0];
    play(function* (sys) {
      yield* prepareHost(sys);
      const receive = function* (own: Sys): Activity<number> {
        const server = yield* own.socket(AF_INET, SOCK_STREAM);
        // A window that never fills the queue of packets that wait for the CPU.
        yield* own.setsockopt(server, SOL_SOCKET, "SO_RCVBUF", 262_144);
        yield* own.bind(server, { address: "0.0.0.0", port: 80 });
        yield* own.listen(server, 1);
        const fd = yield* own.accept4(server);
        for (let got = 0; got < total;) got += (yield* own.read(fd, 1_000_000)).length;
        end = world.engine.now;
        return 0;
      };
      if (to === "container") yield* container(sys, 1, receive);
      else yield* sys.clone(receive);
      yield* sys.nanosleep(ms(20));
      world.engine.spawn(
        (function* () {
          yield* sending.connect("192.168.0.2", to === "container" ? 8080 : 80);
          begin = world.engine.now;
          yield* sending.send(new Uint8Array(total));
        })(),
      );
      yield* sys.nanosleep(s(1));
    }, kernel);
    const seconds = (end - begin) / 1e9;
    return { throughput: (total * 8) / seconds, softirq: kernel.scheduler.softirq / 1e9, seconds };
  }

  test("a slow link is the limit, or the CPU is", () => {
    const slow = transfer(100e6, "container");
    const fast = transfer(100e9, "container");
    const host = transfer(100e9, "host");
    // Of 100 Mbit/s, what heads of frames and packets, and the stream's beginning, leave to the data.
    expect(slow.throughput).toBeGreaterThan(85e6);
    expect(slow.throughput).toBeLessThan(95e6);
    expect(slow.softirq / slow.seconds).toBeLessThan(0.1);
    // A thousand times the rate gives far from a thousand times the throughput: the CPU works all the time for it.
    expect(fast.throughput).toBeGreaterThan(10 * slow.throughput);
    expect(fast.softirq / fast.seconds).toBeGreaterThan(0.9);
    // NAT, the bridge and the second stack are work: W. Felter et al. (RC25482, 2014), section III.C, in shape.
    expect(host.throughput).toBeGreaterThan(1.3 * fast.throughput);
    expect(host.softirq).toBeLessThan(0.7 * fast.softirq);
  });
});

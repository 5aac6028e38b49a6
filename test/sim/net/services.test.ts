import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createWorld, ms, s, UsageError, type Activity, type World } from "../../../sim/core/index.js";
import {
  Bridge,
  decodeDns,
  DhcpServer,
  DnsServer,
  encodeDns,
  ethernet,
  formatIpv4,
  HttpClient,
  HttpServer,
  ipv4,
  keepAddress,
  NetworkNamespace,
  obtainAddress,
  Resolver,
  reverseName,
  textOf,
  textResponse,
  Zone,
  type DnsMessage,
  type HttpResponse,
  type Ipv4,
} from "../../../sim/net/index.js";
import { pair } from "./pair.js";

function run<T>(world: World, body: Activity<T>): T {
  const process = world.engine.spawn(body);
  world.engine.run();
  return process.value;
}

/** A client on a, whose name server is on b. */
function named(...zones: Zone[]) {
  const { world, a, b } = pair({ delay: ms(1) });
  const server = new DnsServer(b, { zones });
  const resolver = (options: ConstructorParameters<typeof Resolver>[1] = {}): Resolver =>
    new Resolver(a, { servers: ["10.0.0.2"], ...options });
  const look = (name: string, by = resolver()): string => {
    const got = run(world, by.resolve(name));
    return typeof got === "string" ? got : got.map(formatIpv4).join(" ");
  };
  return { world, a, b, server, resolver, look };
}

describe("DNS", () => {
  const zone = (): Zone =>
    new Zone("svc.cluster.local", { ttl: 5 })
      .host("web.default.svc.cluster.local", "10.96.0.1", "10.96.0.2", "10.96.0.3")
      .add("www.default.svc.cluster.local", { type: "CNAME", target: "web.default.svc.cluster.local" })
      .add("_http._tcp.web.default.svc.cluster.local", {
        type: "SRV",
        priority: 0,
        weight: 1,
        port: 80,
        target: "web.default.svc.cluster.local",
      })
      .host("*.wild.svc.cluster.local", "10.96.0.9");

  test("finds addresses, which take turns, aliases, wildcards, and what isn't there", () => {
    const { look } = named(zone());
    expect(look("web.default.svc.cluster.local")).toBe("10.96.0.1 10.96.0.2 10.96.0.3");
    expect(look("web.default.svc.cluster.local")).toBe("10.96.0.2 10.96.0.3 10.96.0.1");
    expect(look("WWW.default.svc.cluster.local.")).toBe("10.96.0.3 10.96.0.1 10.96.0.2");
    expect(look("any.wild.svc.cluster.local")).toBe("10.96.0.9");
    expect(look("none.default.svc.cluster.local")).toBe("ENOTFOUND");
    expect(look("10.1.2.3")).toBe("10.1.2.3");
    // Another's name: the server refuses it.
    expect(look("example.org")).toBe("EAI_AGAIN");
  });

  test("tries the search list as resolv.conf(5) says: a short name costs questions", () => {
    const { look, resolver, server } = named(zone(), new Zone("", { ttl: 1 }).host("example.org", "93.184.216.34"));
    const pod = resolver({ search: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"], ndots: 5 });
    expect(look("web", pod)).toBe("10.96.0.1 10.96.0.2 10.96.0.3");
    expect(server.counters.queries).toBe(1);
    expect(look("web.default", pod)).not.toBe("ENOTFOUND");
    expect(server.counters.queries).toBe(3);
    expect(look("example.org", pod)).toBe("93.184.216.34");
    expect(server.counters.queries).toBe(7);
    expect(look("example.org.", pod)).toBe("93.184.216.34");
    expect(server.counters.queries).toBe(8);
    expect(pod.candidates("a.b")).toEqual([
      "a.b.default.svc.cluster.local",
      "a.b.svc.cluster.local",
      "a.b.cluster.local",
      "a.b",
    ]);
  });

  test("keeps answers for as long as they say, those that there is nothing, too", () => {
    const { world, look, resolver, server } = named(zone());
    const keeping = resolver({ cache: true });
    for (const name of ["web", "gone"])
      for (let turn = 0; turn < 3; turn++) look(`${name}.default.svc.cluster.local`, keeping);
    expect(server.counters.queries).toBe(2);
    expect(keeping.counters).toEqual({ asked: 2, kept: 4 });
    world.engine.run((world.engine.now + s(6)) as never);
    look("web.default.svc.cluster.local", keeping);
    expect(server.counters.queries).toBe(3);
  });

  test("waits five seconds for a server, asks the next, and gives up after two rounds", () => {
    const { world, b, look, resolver } = named(zone());
    expect(look("web.default.svc.cluster.local", resolver({ servers: ["10.0.0.2:99", "10.0.0.2"] }))).toMatch("10.96");
    b.iptables("-A INPUT -p udp --dport 53 -j DROP");
    const before = world.engine.now;
    expect(look("web.default.svc.cluster.local")).toBe("EAI_AGAIN");
    expect(world.engine.now - before).toBe(s(10));
  });

  test("is forwarded for names of others, and serves other types", () => {
    const { world, a, look, resolver } = named(
      new Zone("org").host("example.org", "1.2.3.4").add("example.org", { type: "TXT", text: "hello" }),
    );
    new DnsServer(a, {
      zones: [new Zone("local").host("me.local", "10.9.9.9")],
      forward: ["10.0.0.2"],
      address: "127.0.0.1",
    });
    const local = resolver({ servers: ["127.0.0.1"] });
    expect([look("me.local", local), look("example.org", local)]).toEqual(["10.9.9.9", "1.2.3.4"]);
    expect(run(world, local.query("example.org", "TXT"))).toMatchObject([{ text: "hello" }]);
    expect(reverseName("10.96.0.1")).toBe("1.0.96.10.in-addr.arpa");
    expect(() => new DnsServer(a, { zones: [], address: "127.0.0.1" })).toThrow(UsageError);
    expect(() => new Zone("local").host("me.org", "1.1.1.1")).toThrow(UsageError);
  });

  test("messages are the same after encoding and decoding, and bytes of anyone are no error", () => {
    const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
    const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
    const data = fc.oneof(
      fc.nat(0xffff_ffff).map((address) => ({ type: "A", address: address as Ipv4 }) as const),
      fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }).map((address) => ({ type: "AAAA", address }) as const),
      name.map((target) => ({ type: "CNAME", target }) as const),
      fc.stringMatching(/^[ -~]{0,600}$/).map((text) => ({ type: "TXT", text }) as const),
      fc
        .record({ priority: fc.nat(9), weight: fc.nat(9), port: fc.nat(65_535), target: name })
        .map((srv) => ({ type: "SRV", ...srv }) as const),
    );
    const record = fc
      .record({ name, ttl: fc.nat(100_000), data })
      .map(({ data: said, ...rest }) => ({ ...rest, ...said }));
    const head = {
      response: true,
      authoritative: true,
      recursionDesired: false,
      recursionAvailable: true,
      rcode: "NXDOMAIN",
    } as const;
    fc.assert(
      fc.property(
        fc.nat(65_535),
        name,
        fc.array(record, { maxLength: 4 }),
        fc.array(fc.tuple(fc.nat(400), fc.nat(255))),
        (id, asked, answers, changes) => {
          const message: DnsMessage = {
            id,
            ...head,
            questions: [{ name: asked, type: "A" }],
            answers,
            authorities: [],
          };
          const bytes = encodeDns(message);
          expect(decodeDns(bytes)).toEqual(message);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          expect(() => decodeDns(bytes)).not.toThrow();
        },
      ),
    );
  });

  test("reads compressed names, as others write them", () => {
    // An answer of dnsmasq's form: the record's name points to the question's.
    const bytes = [
      0, 7, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 97, 2, 98, 99, 0, 0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0,
      4, 1, 2, 3, 4,
    ];
    expect(decodeDns(Uint8Array.from(bytes))?.answers).toEqual([
      { name: "a.bc", ttl: 60, type: "A", address: ipv4("1.2.3.4") },
    ]);
  });
});

/** A switch with a DHCP server at 10.0.0.1 and clients without addresses. */
function plugged(clients: number, options: Partial<ConstructorParameters<typeof DhcpServer>[1]> = {}) {
  const world = createWorld({ seed: 5 });
  const bridge = new Bridge(world);
  const make = (name: string): NetworkNamespace => {
    const host = new NetworkNamespace(world, name);
    host.addInterface(ethernet(world, "eth0")).plug(bridge);
    return host;
  };
  const router = make("router");
  router.configure(router.interface("eth0"), "10.0.0.1/24");
  const given = {
    interface: "eth0",
    range: ["10.0.0.10", "10.0.0.12"],
    router: "10.0.0.1",
    nameServers: ["10.0.0.1"],
    domain: "lan",
    lease: s(600),
  } as const;
  const server = new DhcpServer(router, { ...given, ...options });
  return { world, router, server, clients: Array.from({ length: clients }, (_, at) => make(`c${at}`)) };
}

describe("DHCP", () => {
  test("gives each an address of the range, with router and name server, as long as there are any", () => {
    const { world, server, clients } = plugged(4);
    const got = clients.map((client) => run(world, obtainAddress(client, "eth0")));
    expect(got.map((one) => one?.address)).toEqual(["10.0.0.10/24", "10.0.0.11/24", "10.0.0.12/24", undefined]);
    expect(got[0]).toMatchObject({ router: "10.0.0.1", nameServers: ["10.0.0.1"], domain: "lan", lease: s(600) });
    expect(clients[0]!.routeTo(ipv4("8.8.8.8"))?.gateway).toBe(ipv4("10.0.0.1"));
    expect(server.view().rows.map(({ hostName }) => hostName)).toEqual(["c0", "c1", "c2"]);
    const echo = clients[0]!.echoSocket();
    echo.send("10.0.0.11", 1);
    world.engine.run();
    expect(echo.take()?.kind).toBe("reply");
    // Once their time is over, addresses are free again.
    world.engine.run((world.engine.now + s(601)) as never);
    expect(run(world, obtainAddress(clients[3]!, "eth0"))?.address).toBe("10.0.0.10/24");
  });

  test("keeps an address that is asked for again, and takes away one that nobody renews", () => {
    const { world, server, clients } = plugged(1);
    const [client] = clients as [NetworkNamespace];
    const given = run(world, obtainAddress(client, "eth0"))!;
    world.engine.spawn(keepAddress(client, "eth0", given), { background: true });
    world.engine.run((world.engine.now + s(2000)) as never);
    expect(server.leases).toHaveLength(1);
    expect(client.interface("eth0").addresses).toHaveLength(1);
    server.stop();
    world.engine.run((world.engine.now + s(1000)) as never);
    expect(client.interface("eth0").addresses).toHaveLength(0);
  });

  test("keeps reserved addresses for whom they are", () => {
    const { world, router, clients } = plugged(0);
    expect(clients).toEqual([]);
    const other = plugged(1);
    const reserved = new Map([[other.clients[0]!.interface("eth0").mac, "10.0.0.77"]]);
    other.server.stop();
    new DhcpServer(other.router, { interface: "eth0", range: ["10.0.0.10", "10.0.0.12"], reserved });
    expect(run(other.world, obtainAddress(other.clients[0]!, "eth0"))?.address).toBe("10.0.0.77/24");
    expect(() => new DhcpServer(router, { interface: "lo9", range: ["10.0.0.1", "10.0.0.2"] })).toThrow(UsageError);
    expect(world.engine.now).toBe(0);
  });
});

/** A client on a of a server on b. */
function web(handler: ConstructorParameters<typeof HttpServer>[1]["handler"]) {
  const { world, a, b } = pair({ delay: ms(1) });
  const server = new HttpServer(b, { port: 80, handler });
  const client = new HttpClient(a);
  const get = (path: string, options?: Parameters<HttpClient["request"]>[1]): HttpResponse | string =>
    run(world, client.request(`http://10.0.0.2${path}`, options));
  return { world, a, b, server, client, get };
}

describe("HTTP", () => {
  test("answers requests, several over one connection", () => {
    const { get, server, client } = web(({ method, path, body }, from) =>
      textResponse(`${method} ${path} ${textOf(body)} ${formatIpv4(from.address)}`),
    );
    const first = get("/a?b=1");
    expect(typeof first === "string" ? first : [first.status, textOf(first.body)]).toEqual([
      200,
      "GET /a?b=1  10.0.0.1",
    ]);
    const second = get("/p", { method: "POST", body: new TextEncoder().encode("grün") });
    expect(typeof second === "string" ? second : textOf(second.body)).toBe("POST /p grün 10.0.0.1");
    const head = get("/h", { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, body: new Uint8Array(0) });
    expect(get("/", { headers: { connection: "close" } })).toMatchObject({ headers: { connection: "close" } });
    expect(server.counters).toEqual({ connections: 1, requests: 4, malformed: 0 });
    expect(get("/again")).toMatchObject({ status: 200 });
    expect(client.counters).toEqual({ connections: 2, requests: 5 });
  });

  test("sends chunks, large bodies, and takes its time", () => {
    const body = Uint8Array.from({ length: 100_000 }, (_, at) => at & 255);
    const { world, get } = web(({ path }) => {
      if (path === "/chunked") return { status: 200, headers: { "transfer-encoding": "chunked" }, body };
      return (function* () {
        yield world.engine.delay(s(1));
        return { status: 200, headers: {}, body };
      })();
    });
    for (const path of ["/chunked", "/slow"]) {
      const got = get(path);
      expect(typeof got === "string" ? got : Buffer.from(got.body).equals(Buffer.from(body))).toBe(true);
    }
    expect(world.engine.now).toBeGreaterThan(s(1));
  });

  test("says what failed: nobody there, a server that stops, words that are no HTTP", () => {
    const { world, a, b, server, client, get } = web(() => textResponse("ok"));
    expect(get("/")).toMatchObject({ status: 200 });
    expect(run(world, client.request("http://10.0.0.2:81/"))).toBe("ECONNREFUSED");
    expect(run(world, client.request("http://web/"))).toBe("ENOTFOUND");
    const raw = a.tcpSocket();
    const answer = run(
      world,
      (function* () {
        yield* raw.connect("10.0.0.2", 80);
        yield* raw.send(new TextEncoder().encode("hello?\r\n\r\n"));
        return yield* raw.receive();
      })(),
    );
    expect(typeof answer === "string" ? answer : textOf(answer)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(server.counters.malformed).toBe(1);
    server.stop();
    expect(get("/")).toBe("ECONNREFUSED");
    expect(() => get(" ")).toThrow(UsageError);
    // The port is free again at once.
    new HttpServer(b, { port: 80, handler: () => textResponse("new") });
    expect(get("/")).toMatchObject({ status: 200 });
  });

  test("finds hosts by name", () => {
    const { world, a, b } = pair();
    new HttpServer(b, { port: 8080, handler: () => textResponse("named") });
    new DnsServer(b, { zones: [new Zone("lan").host("web.lan", "10.0.0.2")] });
    const client = new HttpClient(a, new Resolver(a, { servers: ["10.0.0.2"], search: ["lan"] }));
    const got = run(world, client.request("http://web:8080/"));
    expect(typeof got === "string" ? got : textOf(got.body)).toBe("named");
  });
});

import { describe, expect, test } from "vitest";
import { ms, s, us, type Activity } from "../../../sim/core/index.js";
import {
  isErrno,
  type Errno,
  type LinkOptions,
  type NetworkNamespace,
  type TcpSettings,
} from "../../../sim/net/index.js";
import { pair } from "./pair.js";

const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const bytes = (words: string): Uint8Array => new TextEncoder().encode(words);

/** Reads up to the end. */
function* readAll(
  host: NetworkNamespace,
  port: number,
  settings: Partial<TcpSettings> = {},
  heard: (bytes: number) => void = () => undefined,
): Activity<Uint8Array[]> {
  const listener = host.tcpSocket();
  Object.assign(listener.settings, settings);
  expect(listener.bind("0.0.0.0", port)).toBeUndefined();
  expect(listener.listen()).toBeUndefined();
  const socket = yield* listener.accept();
  if (isErrno(socket)) throw new Error(socket);
  const parts: Uint8Array[] = [];
  for (;;) {
    const got = yield* socket.receive();
    if (isErrno(got)) throw new Error(got);
    if (got.length === 0) break;
    parts.push(got);
    heard(got.length);
  }
  socket.close();
  listener.close();
  return parts;
}

/** Bits per second at which a bulk transfer of `total` bytes is read, without those of its beginning, a part `skip`. */
function throughput(
  link: Partial<LinkOptions>,
  total: number,
  settings: Partial<TcpSettings> = {},
  seed = 1,
  skip = 0,
): number {
  const { world, a, b } = pair(link, seed);
  let [begin, end, got, skipped] = [0, 0, 0, 0];
  world.engine.spawn(
    readAll(b, 5001, settings, (bytes) => {
      got += bytes;
      end = world.engine.now;
      if (got >= skip * total && skipped === 0 && skip > 0) [begin, skipped] = [world.engine.now, got];
    }),
  );
  world.engine.spawn(
    (function* () {
      const socket = a.tcpSocket();
      Object.assign(socket.settings, settings);
      expect(yield* socket.connect("10.0.0.2", 5001)).toBeUndefined();
      begin = world.engine.now;
      expect(yield* socket.send(new Uint8Array(total))).toBe(total);
      socket.close();
    })(),
  );
  world.engine.run();
  expect(got).toBe(total);
  return ((total - skipped) * 8e9) / (end - begin);
}

describe("a connection", () => {
  test("is made, carries both ways and ends; the one who closes first waits", () => {
    const { world, a, b } = pair();
    const server = world.engine.spawn(
      (function* () {
        const listener = b.tcpSocket();
        listener.bind("0.0.0.0", 80);
        listener.listen();
        const socket = yield* listener.accept();
        if (isErrno(socket)) throw new Error(socket);
        const asked = yield* socket.receive();
        if (isErrno(asked)) throw new Error(asked);
        yield* socket.send(bytes(text(asked).toUpperCase()));
        expect(yield* socket.receive()).toEqual(new Uint8Array(0));
        expect(socket.state).toBe("CLOSE_WAIT");
        socket.close();
        return text(asked);
      })(),
    );
    const client = world.engine.spawn(
      (function* () {
        const socket = a.tcpSocket();
        expect(yield* socket.connect("10.0.0.2", 80)).toBeUndefined();
        expect(socket.state).toBe("ESTABLISHED");
        yield* socket.send(bytes("hello"));
        const got = yield* socket.receive();
        if (isErrno(got)) throw new Error(got);
        socket.close();
        return text(got);
      })(),
    );
    world.engine.run();
    expect([server.value, client.value]).toEqual(["hello", "HELLO"]);
    expect(a.tcp.list().map(({ state }) => state)).toEqual(["TIME_WAIT"]);
    expect(b.tcp.list().map(({ state }) => state)).toEqual(["LISTEN"]);
    world.engine.run(s(61));
    expect(a.tcp.list()).toEqual([]);
  });

  test("loses nothing over a link that loses, delays and reorders", () => {
    const { world, a, b } = pair({ loss: 0.05, jitter: ms(2), delay: ms(5), rate: 10e6 }, 7);
    const data = Uint8Array.from({ length: 200_000 }, (_, at) => (at * 7 + (at >> 8)) & 255);
    const reading = world.engine.spawn(readAll(b, 9));
    world.engine.spawn(
      (function* () {
        const socket = a.tcpSocket();
        expect(yield* socket.connect("10.0.0.2", 9)).toBeUndefined();
        yield* socket.send(data);
        socket.close();
      })(),
    );
    world.engine.run();
    expect(Buffer.concat(reading.value).equals(Buffer.from(data))).toBe(true);
    expect(a.tcp.counters.retransmitted).toBeGreaterThan(5);
  });

  const refused = (
    prepare: (a: NetworkNamespace, b: NetworkNamespace) => void,
    address = "10.0.0.2",
  ): [Errno | undefined, number] => {
    const { world, a, b } = pair();
    prepare(a, b);
    const connecting = world.engine.spawn(a.tcpSocket().connect(address, 81));
    world.engine.run();
    return [connecting.value, world.engine.now];
  };

  test("is refused where nobody listens, and fails where nobody is", () => {
    expect(refused(() => undefined)[0]).toBe("ECONNREFUSED");
    expect(refused(() => undefined, "192.168.7.7")[0]).toBe("ENETUNREACH");
    // Three ARP requests, a second apart.
    expect(refused(() => undefined, "10.0.0.9")).toEqual(["EHOSTUNREACH", s(3)]);
  });

  test("gives up after six further SYNs where packets vanish: 127 seconds", () => {
    const [errno, time] = refused((_, b) => {
      b.iptables("-P INPUT DROP");
    });
    expect(errno).toBe("ETIMEDOUT");
    expect(Math.round(time / 1e9)).toBe(127);
  });

  test("is reset where something was left unread, and where nobody reads any more", () => {
    const { world, a, b } = pair();
    const server = world.engine.spawn(
      (function* () {
        const listener = b.tcpSocket();
        listener.bind("0.0.0.0", 80);
        listener.listen();
        const socket = yield* listener.accept();
        if (isErrno(socket)) throw new Error(socket);
        yield world.engine.delay(ms(10));
        socket.close();
      })(),
    );
    const client = world.engine.spawn(
      (function* () {
        const socket = a.tcpSocket();
        yield* socket.connect("10.0.0.2", 80);
        yield* socket.send(bytes("unread"));
        const got = yield* socket.receive();
        return [got, yield* socket.send(bytes("more")), yield* socket.receive()];
      })(),
    );
    world.engine.run();
    expect(server.settled).toBe(true);
    expect(client.value).toEqual(["ECONNRESET", "EPIPE", new Uint8Array(0)]);
  });

  test("waits with a window of zero and goes on when there is room, even if the word of it is lost", () => {
    const { world, a, b } = pair();
    const settings = { receiveBuffer: 8192 };
    const reading = world.engine.spawn(
      (function* () {
        const listener = b.tcpSocket();
        Object.assign(listener.settings, settings);
        listener.bind("0.0.0.0", 80);
        listener.listen();
        const socket = yield* listener.accept();
        if (isErrno(socket)) throw new Error(socket);
        yield world.engine.delay(s(2));
        expect(socket.info()).toMatchObject({ received: 8192 });
        b.iptables("-A OUTPUT -j DROP");
        const first = yield* socket.receive();
        yield world.engine.delay(s(1));
        b.iptables("-F OUTPUT");
        let sum = first.length;
        while (sum < 50_000) {
          const got = yield* socket.receive();
          if (isErrno(got)) throw new Error(got);
          sum += got.length;
        }
        return sum;
      })(),
    );
    world.engine.spawn(
      (function* () {
        const socket = a.tcpSocket();
        yield* socket.connect("10.0.0.2", 80);
        yield* socket.send(new Uint8Array(50_000));
      })(),
    );
    world.engine.run();
    expect(reading.value).toBe(50_000);
  });

  test("notices by keep-alive that its peer is gone", () => {
    const { world, a, b } = pair();
    world.engine.spawn(readAll(b, 80), { background: true });
    const client = world.engine.spawn(
      (function* () {
        const socket = a.tcpSocket();
        Object.assign(socket.settings, { keepAlive: true, keepIdle: s(10), keepInterval: s(1), keepCount: 3 });
        yield* socket.connect("10.0.0.2", 80);
        yield world.engine.delay(s(25));
        expect(socket.state).toBe("ESTABLISHED");
        b.iptables("-P INPUT DROP");
        return yield* socket.receive();
      })(),
    );
    world.engine.run(s(60));
    expect(client.value).toBe("ETIMEDOUT");
  });

  test("small writes are gathered while something is under way, unless the socket says no", () => {
    const segments = (noDelay: boolean): number => {
      const { world, a, b } = pair({ delay: ms(1) });
      world.engine.spawn(readAll(b, 80));
      world.engine.spawn(
        (function* () {
          const socket = a.tcpSocket();
          socket.settings.noDelay = noDelay;
          yield* socket.connect("10.0.0.2", 80);
          for (let turn = 0; turn < 100; turn++) {
            yield* socket.send(bytes("x"));
            yield world.engine.delay(ms(0.5));
          }
          socket.close();
        })(),
      );
      world.engine.run();
      return a.tcp.counters.outSegments;
    };
    expect(segments(true)).toBeGreaterThan(100);
    expect(segments(false)).toBeLessThan(40);
  });
});

describe("listening", () => {
  test("turns away what doesn't fit into the backlog, and takes it once there is room", () => {
    const { world, a, b } = pair();
    const listener = b.tcpSocket();
    listener.bind("0.0.0.0", 80);
    listener.listen(1);
    const clients = [1, 2, 3].map(() => world.engine.spawn(a.tcpSocket().connect("10.0.0.2", 80)));
    world.engine.run(ms(500));
    // Two fit, as one more than the backlog does.
    expect(listener.readiness.readable).toBe(true);
    expect(b.tcp.counters.listenOverflows).toBeGreaterThan(0);
    world.engine.spawn(
      (function* () {
        yield* listener.accept();
        yield* listener.accept();
        yield* listener.accept();
      })(),
    );
    world.engine.run();
    expect(clients.map(({ value }) => value)).toEqual([undefined, undefined, undefined]);
  });

  test("a port is taken once, is in use by what is left of connections, and may be reused", () => {
    const { world, a, b } = pair();
    world.engine.spawn(
      (function* () {
        const listener = b.tcpSocket();
        listener.bind("0.0.0.0", 80);
        listener.listen();
        const socket = yield* listener.accept();
        if (isErrno(socket)) throw new Error(socket);
        socket.close();
        listener.close();
      })(),
    );
    world.engine.spawn(
      (function* () {
        const socket = a.tcpSocket();
        yield* socket.connect("10.0.0.2", 80);
        yield* socket.receive();
        socket.close();
      })(),
    );
    const other = b.tcpSocket();
    world.engine.run(us(100));
    expect(other.bind("0.0.0.0", 80)).toBe("EADDRINUSE");
    world.engine.run();
    expect(b.tcp.list().map(({ state }) => state)).toEqual(["TIME_WAIT"]);
    expect(other.bind("0.0.0.0", 80)).toBe("EADDRINUSE");
    other.settings.reuseAddress = true;
    expect(other.bind("0.0.0.0", 80)).toBeUndefined();
    expect(b.tcpSocket().bind("10.9.9.9", 0)).toBe("EADDRNOTAVAIL");
  });
});

describe("throughput", () => {
  test("is the link's, less what headers take", () => {
    // 1460 of 1538 bytes: 94.9 %.
    const rate = throughput({ rate: 100e6, delay: ms(1), queue: 100 }, 10e6);
    expect(rate / 100e6).toBeGreaterThan(0.92);
    expect(rate / 100e6).toBeLessThan(0.9493);
  });

  test("is a window in a round trip, where the window is smaller than bandwidth times delay", () => {
    for (const delay of [10, 20, 40]) {
      const window = 65_535;
      const rate = throughput({ rate: 1e9, delay: ms(delay) }, 3e6, { receiveBuffer: window });
      const expected = (window * 8) / ((2 * delay) / 1e3);
      expect(rate / expected).toBeGreaterThan(0.8);
      expect(rate / expected).toBeLessThan(1.02);
    }
  });

  test("falls with the root of the loss (Mathis et al., 1997)", () => {
    // Thirty losses and more, the first third of the transfer left out: it begins without any.
    const steady = (loss: number): number =>
      throughput(
        { rate: 1e9, delay: ms(10), loss, queue: 10_000 },
        Math.round((45 * 1460) / loss),
        { congestion: "reno" },
        2,
        1 / 3,
      );
    // C = √(3/2): the window grows by segments, however few acknowledgements there are for them (RFC 3465).
    const formula = (loss: number): number => ((1460 * 8) / 0.02) * Math.sqrt(1.5 / loss);
    for (const loss of [0.001, 0.004, 0.016]) {
      const ratio = steady(loss) / formula(loss);
      expect(ratio).toBeGreaterThan(0.7);
      expect(ratio).toBeLessThan(1.4);
    }
  });

  test("of CUBIC recovers faster than Reno's on a long fat path", () => {
    const path = { rate: 500e6, delay: ms(100), loss: 0.0005, queue: 10_000 };
    const [cubic, reno] = (["cubic", "reno"] as const).map((congestion) =>
      throughput(path, 30e6, { congestion }, 3, 1 / 3),
    );
    expect(cubic! / reno!).toBeGreaterThan(1.2);
  });

  test("works without selective acknowledgements, more slowly where much is lost", () => {
    const path = { rate: 20e6, delay: ms(10), loss: 0.02 };
    const [sack, without] = [true, false].map((allowed) => throughput(path, 2e6, { sack: allowed }, 5));
    expect(without!).toBeGreaterThan(0.2 * sack!);
    expect(sack!).toBeGreaterThan(without!);
  });

  test("is shared by two flows on one link, each getting a part", () => {
    const { world, a, b } = pair({ rate: 20e6, delay: ms(5), queue: 50 }, 4);
    const ends: number[] = [];
    for (const port of [1, 2]) {
      world.engine.spawn(
        (function* () {
          yield* readAll(b, port);
          ends.push(world.engine.now);
        })(),
      );
      world.engine.spawn(
        (function* () {
          const socket = a.tcpSocket();
          yield* socket.connect("10.0.0.2", port);
          yield* socket.send(new Uint8Array(5e6));
          socket.close();
        })(),
      );
    }
    world.engine.run();
    const [first, second] = ends as [number, number];
    // Alone, either took 2.1 s; together, the later one takes twice that, and the earlier more than three quarters of it.
    expect(second / 1e9).toBeGreaterThan(4);
    expect(second / 1e9).toBeLessThan(5);
    expect(first / second).toBeGreaterThan(0.6);
  });
});

import { createWorld, ms, type Activity } from "../../sim/core/index.js";
import {
  Cable,
  ethernet,
  isErrno,
  LinuxBridge,
  NetworkNamespace,
  veth,
  type LinkOptions,
} from "../../sim/net/index.js";
import type { Bench, Room } from "./runner/measure.js";

/** What `count` of something amount to a second of the processor, where `work` does them. */
function rate(count: number, work: () => void): number {
  const begin = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begin);
  return (count * 1e6) / (user + system);
}

/** Two hosts on a cable. */
function pair(options: Partial<LinkOptions>): readonly [NetworkNamespace, NetworkNamespace] {
  const world = createWorld({ seed: 1, traceRows: 0 });
  const cable = new Cable(world, options);
  const [a, b] = [1, 2].map((number) => {
    const host = new NetworkNamespace(world, `host${number}`);
    const eth0 = host.addInterface(ethernet(world, "eth0"));
    eth0.plug(cable);
    host.configure(eth0, `10.0.0.${number}/24`);
    return host;
  });
  return [a, b] as readonly [NetworkNamespace, NetworkNamespace];
}

const datagrams: Bench = {
  name: "UDP datagrams over a cable",
  unit: "packets/s",
  goal: { median: 200_000 },
  contenders: [
    {
      name: "virtlab",
      run() {
        const count = 200_000;
        const [a, b] = pair({ rate: Infinity, queue: Infinity });
        const server = b.udpSocket();
        server.bind(undefined, 9);
        const client = a.udpSocket();
        client.connect("10.0.0.2", 9);
        const data = new Uint8Array(100);
        let got = 0;
        const { engine } = a.world;
        function* sending(): Activity<void> {
          for (let sent = 0; sent < count; sent++) {
            client.send(data);
            if (sent % 64 === 0) yield engine.delay(ms(1));
            while (!isErrno(server.tryReceive())) got++;
          }
        }
        engine.spawn(sending());
        const measured = rate(count, () => engine.run());
        while (!isErrno(server.tryReceive())) got++;
        if (got !== count) throw new Error(`${got} datagrams arrived of ${count}`);
        return measured;
      },
    },
  ],
};

const bulk: Bench = {
  name: "bytes of one TCP flow, 1 Gbit/s",
  unit: "bytes/s",
  goal: { median: 100e6 },
  contenders: [
    {
      name: "virtlab",
      run() {
        const total = 100e6;
        const [a, b] = pair({ rate: 1e9, delay: ms(0.1), queue: 100 });
        const { engine } = a.world;
        let got = 0;
        function* reading(): Activity<void> {
          const listener = b.tcpSocket();
          listener.bind(undefined, 9);
          listener.listen();
          const socket = yield* listener.accept();
          while (!isErrno(socket)) {
            const data = yield* socket.receive();
            if (isErrno(data) || data.length === 0) return;
            got += data.length;
          }
        }
        function* writing(): Activity<void> {
          const socket = a.tcpSocket();
          yield* socket.connect("10.0.0.2", 9);
          const chunk = new Uint8Array(100_000);
          for (let sent = 0; sent < total; sent += chunk.length) yield* socket.send(chunk);
          socket.close();
        }
        engine.spawn(reading());
        engine.spawn(writing());
        const measured = rate(total, () => engine.run());
        if (got !== total) throw new Error(`${got} bytes arrived of ${total}`);
        return measured;
      },
    },
  ],
};

/** Connections that are opened, say a word each way, and end, from one host to the other. */
function connections(name: string, prepare: (server: NetworkNamespace) => void, goal: number): Bench {
  return {
    name,
    unit: "connections/s",
    goal: { median: goal },
    contenders: [
      {
        name: "virtlab",
        run() {
          const count = 10_000;
          const [a, b] = pair({ rate: Infinity });
          prepare(b);
          const { engine } = a.world;
          const word = new Uint8Array(100);
          let done = 0;
          function* serving(): Activity<void> {
            const listener = b.tcpSocket();
            listener.bind(undefined, 80);
            listener.listen();
            for (;;) {
              const socket = yield* listener.accept();
              if (isErrno(socket)) return;
              yield* socket.receive();
              yield* socket.send(word);
              socket.close();
            }
          }
          function* asking(): Activity<void> {
            for (let turn = 0; turn < count; turn++) {
              const socket = a.tcpSocket();
              if ((yield* socket.connect("10.0.0.2", 80)) !== undefined) continue;
              yield* socket.send(word);
              const got = yield* socket.receive();
              if (!isErrno(got) && got.length === 100) done++;
              yield* socket.receive();
              socket.close();
            }
          }
          engine.spawn(serving(), { background: true });
          engine.spawn(asking());
          const measured = rate(count, () => engine.run());
          if (done !== count) throw new Error(`${done} connections of ${count}`);
          return measured;
        },
      },
    ],
  };
}

const namespaces: Bench = {
  name: "namespaces with a veth, on one bridge",
  unit: "namespaces/s",
  goal: { median: 20_000 },
  contenders: [
    {
      name: "virtlab",
      run() {
        const count = 10_000;
        const world = createWorld({ traceRows: 0 });
        const host = new NetworkNamespace(world, "host");
        const bridge = new LinuxBridge(world, "br0");
        host.configure(host.addInterface(bridge.interface), "10.0.0.1/8");
        const made: NetworkNamespace[] = [];
        const measured = rate(count, () => {
          for (let number = 0; number < count; number++) {
            const [outer, inner] = veth(world, [`veth${number}`, "eth0"]);
            host.configure(host.addInterface(outer));
            bridge.attach(outer);
            const pod = new NetworkNamespace(world, `pod${number}`);
            pod.configure(pod.addInterface(inner), `10.${(number >> 16) + 1}.${(number >> 8) & 255}.${number & 255}/8`);
            pod.addRoute({ to: "default", via: "10.0.0.1" });
            made.push(pod);
          }
        });
        if (made.length !== count) throw new Error("namespaces got lost");
        return measured;
      },
    },
  ],
};

/** A hundred rules that don't match, and one that does. */
function filtered(server: NetworkNamespace): void {
  for (let number = 0; number < 100; number++) server.iptables(`-A INPUT -p tcp --dport ${10_000 + number} -j DROP`);
  server.iptables("-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT");
}

export const room: Room = {
  benches: [
    datagrams,
    bulk,
    connections("TCP connections with a word each way", () => undefined, 10_000),
    connections("the same past 100 rules, tracked", filtered, 5_000),
    namespaces,
  ],
};

import { createWorld, type Activity, type World } from "../../../sim/core/index.js";
import { isErrno, LinuxBridge, NetworkNamespace, veth } from "../../../sim/net/index.js";

export interface Site {
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
export function site(containers = 1): Site {
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
export function serve({ world }: Site, on: NetworkNamespace, port: number): void {
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
export function ask({ world }: Site, from: NetworkNamespace, to: string, port: number): string {
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

/** A service at 10.96.0.1:80 with containers behind it, in each of kube-proxy's ways. */
export const modes = {
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

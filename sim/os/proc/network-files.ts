import { formatMac, netmask, type Ipv4, type NetworkInterface } from "../../net/index.js";
import { E } from "../errno.js";
import type { NetNamespace } from "../namespace/net-namespace.js";
import { demandAdmin } from "../network/rtnetlink.js";
import type { Caller } from "../vfs/caller.js";
import type { Inode } from "../vfs/inode.js";
import { PseudoDirectory, PseudoFile, type PseudoFs, type Text } from "../vfs/pseudo.js";
import { reader } from "./task-files.js";

/** An address as the files of /proc/net have it: in hexadecimal, its bytes as they lie in a little-endian word. */
const hex = (address: number): string => {
  const swapped = ((address & 0xff) << 24) | ((address & 0xff00) << 8) | ((address >>> 8) & 0xff00) | (address >>> 24);
  return (swapped >>> 0).toString(16).toUpperCase().padStart(8, "0");
};
const port = (number: number): string => number.toString(16).toUpperCase().padStart(4, "0");

/** enum tcp_state: include/net/tcp_states.h. */
const states: Readonly<Record<string, number>> = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECEIVED: 3,
  FIN_WAIT_1: 4,
  FIN_WAIT_2: 5,
  TIME_WAIT: 6,
  CLOSED: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
};

const socketHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

interface Ends {
  readonly local: { readonly address: number; readonly port: number };
  readonly remote: { readonly address: number; readonly port: number };
  readonly state: number;
  readonly sending: number;
  readonly receiving: number;
}

const socketLine = ({ local, remote, state, sending, receiving }: Ends, number: number): string => {
  const word = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");
  const ends = `${hex(local.address)}:${port(local.port)} ${hex(remote.address)}:${port(remote.port)}`;
  const queues = `${word(sending)}:${word(receiving)}`;
  const sl = String(number).padStart(4);
  const st = state.toString(16).toUpperCase().padStart(2, "0");
  return `${sl}: ${ends} ${st} ${queues} 00:00000000 00000000     0        0 0\n`;
};

function tcp({ net }: NetNamespace): string {
  const lines = net.tcp.list().map(({ state, ends, tcb }, number) =>
    socketLine(
      {
        local: { address: ends.localAddress, port: ends.localPort },
        remote: { address: ends.remoteAddress, port: ends.remotePort },
        state: states[state] ?? 7,
        sending: tcb?.buffered ?? 0,
        receiving: tcb?.received.readable ?? 0,
      },
      number,
    ),
  );
  return socketHead + lines.join("");
}

function udp({ net }: NetNamespace): string {
  const lines = net.udp.sockets.map(({ local, remote }, number) => {
    const other = remote ?? { address: 0, port: 0 };
    const state = remote === undefined ? 7 : 1;
    return socketLine({ local, remote: other, state, sending: 0, receiving: 0 }, number);
  });
  return socketHead + lines.join("");
}

function dev({ net }: NetNamespace): string {
  const head =
    "Inter-|   Receive                                                |  Transmit\n" +
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
  const lines = net.interfaces.map(({ name, statistics: of }) => {
    const pad = (value: number, width: number): string => String(value).padStart(width);
    const received = `${pad(of.rxBytes, 8)} ${pad(of.rxPackets, 7)}    0 ${pad(of.rxDropped, 4)}    0     0          0         0`;
    const sent = `${pad(of.txBytes, 8)} ${pad(of.txPackets, 7)}    0 ${pad(of.txDropped, 4)}    0     0       0          0`;
    return `${name.padStart(6)}: ${received} ${sent}\n`;
  });
  return head + lines.join("");
}

function route({ net }: NetNamespace): string {
  const rows = net.routes.list().flatMap(({ destination, type, gateway, interface: out, metric }) => {
    if (type !== "unicast" || out === undefined) return [];
    // RTF_UP, RTF_GATEWAY, RTF_HOST.
    const flags = 1 | (gateway === undefined ? 0 : 2) | (destination.length === 32 ? 4 : 0);
    const mask = netmask(destination.length);
    const cells = [
      out.name,
      hex(destination.network),
      hex(gateway ?? 0),
      port(flags),
      0,
      0,
      metric,
      hex(mask),
      0,
      0,
      0,
    ];
    return [`${cells.join("\t")}\n`];
  });
  return `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n${rows.join("")}`;
}

const dotted = (address: Ipv4): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

function arp({ net }: NetNamespace): string {
  const rows = net.neighbours.list().map(({ address, interface: on, mac, state }) => {
    const complete = state === "INCOMPLETE" || state === "FAILED" ? "0x0" : state === "PERMANENT" ? "0x6" : "0x2";
    return `${dotted(address).padEnd(17)}0x1         ${complete.padEnd(12)}${formatMac(mac)}     *        ${on}\n`;
  });
  return `IP address       HW type     Flags       HW address            Mask     Device\n${rows.join("")}`;
}

/** unix(7): sockets with abstract names alone; those with paths show in the file system. */
function unix({ abstractNames }: NetNamespace): string {
  const rows = [...abstractNames].map(([name, { type, listening }]) => {
    const flags = listening ? "00010000" : "00000000";
    return `0000000000000000: 00000002 00000000 ${flags} ${port(type)} 01 0 @${name.slice(name.indexOf("\0") + 1)}\n`;
  });
  return `Num       RefCount Protocol Flags    Type St Inode Path\n${rows.join("")}`;
}

/** /proc/PID/net: what the network namespace of a task holds, proc_pid_net(5). */
export function addNetworkFiles(directory: PseudoDirectory, namespace: () => NetNamespace): void {
  const shown = { arp, dev, route, tcp, udp, unix };
  for (const [name, text] of Object.entries(shown)) directory.file(name, { read: () => text(namespace()) });
}

/** /proc/sys/net: ip-sysctl.rst. Each reader sees, and sets, those of its own namespace. */
export function networkSysctls(sys: PseudoDirectory): PseudoDirectory {
  const net = new PseudoDirectory(sys.fs, sys, "net");
  const ipv4 = net.directory("ipv4");
  const sysctl = (
    name: string,
    read: (namespace: NetNamespace) => string,
    write: (namespace: NetNamespace, text: string) => void,
    directory = ipv4,
  ): void => {
    const own = (caller: Caller): NetNamespace => reader(caller).namespaces.net;
    const text: Text = {
      read: (caller) => `${read(own(caller))}\n`,
      write: (caller, given) => {
        demandAdmin(reader(caller), own(caller));
        write(own(caller), given);
      },
    };
    directory.file(name, text, 0o644);
  };
  sysctl(
    "ip_forward",
    ({ net }) => (net.forwarding ? "1" : "0"),
    ({ net }, text) => {
      if (!/^[01]$/.test(text)) throw E.EINVAL;
      net.forwarding = text === "1";
    },
  );
  sysctl(
    "bridge-nf-call-iptables",
    ({ links }) => (links.filtersBridges ? "1" : "0"),
    ({ links }, text) => {
      if (!/^[01]$/.test(text)) throw E.EINVAL;
      links.filtersBridges = text === "1";
    },
    net.directory("bridge"),
  );
  sysctl(
    "ip_unprivileged_port_start",
    ({ settings }) => `${settings.unprivilegedPorts}`,
    ({ settings }, text) => {
      if (!/^\d+$/.test(text) || Number(text) > 65_535) throw E.EINVAL;
      settings.unprivilegedPorts = Number(text);
    },
  );
  sysctl(
    "ping_group_range",
    ({ settings }) => settings.pingGroups.join("\t"),
    ({ settings }, text) => {
      const [low, high, ...more] = text.split(/\s+/).map(Number);
      if (low === undefined || high === undefined || more.length > 0 || !(low >= 0 && high >= 0)) throw E.EINVAL;
      settings.pingGroups = [low, high];
    },
  );
  return net;
}

/** /sys/class/net of the namespace that sysfs was mounted in: a directory for each interface. */
export class NetworkClass extends PseudoDirectory {
  readonly #namespace: NetNamespace;
  readonly #made = new WeakMap<NetworkInterface, PseudoDirectory>();

  constructor(fs: PseudoFs, parent: Inode, namespace: NetNamespace) {
    super(fs, parent, "net");
    this.#namespace = namespace;
  }

  protected override find(name: string): Inode | undefined {
    if (!this.#namespace.present || this.#namespace.released) return undefined;
    const link = this.#namespace.net.find(name);
    if (link === undefined) return undefined;
    let directory = this.#made.get(link);
    if (directory === undefined) this.#made.set(link, (directory = this.#directory(link)));
    return directory;
  }

  protected override others(): readonly string[] {
    if (!this.#namespace.present || this.#namespace.released) return [];
    return this.#namespace.net.interfaces.map(({ name }) => name);
  }

  #directory(link: NetworkInterface): PseudoDirectory {
    const directory = new PseudoDirectory(this.fs, this, link.name);
    const add = (into: PseudoDirectory, name: string, read: () => string | number): void => {
      into.add(name, new PseudoFile(this.fs, { read: () => `${read()}\n` }));
    };
    add(directory, "address", () => formatMac(link.mac));
    add(directory, "ifindex", () => link.index);
    add(directory, "mtu", () => link.mtu);
    add(directory, "operstate", () => (link.kind === "loopback" ? "unknown" : link.up ? "up" : "down"));
    add(directory, "carrier", () => (link.up ? 1 : 0));
    add(directory, "flags", () => `0x${(link.up ? 0x1003 : 0x1002).toString(16)}`);
    add(directory, "type", () => (link.kind === "loopback" ? 772 : 1));
    const statistics = directory.directory("statistics");
    const counters = {
      rx_bytes: "rxBytes",
      rx_packets: "rxPackets",
      rx_dropped: "rxDropped",
      tx_bytes: "txBytes",
      tx_packets: "txPackets",
      tx_dropped: "txDropped",
    } as const;
    for (const [name, field] of Object.entries(counters)) add(statistics, name, () => link.statistics[field]);
    return directory;
  }
}

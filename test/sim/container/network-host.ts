import { createWorld, encodeUtf8, ms, type Activity, type World } from "../../../sim/core/index.js";
import { NetworkError, Networks, type ContainerEnd, type ConnectOptions } from "../../../sim/container/index.js";
import { Cable, DnsServer, ethernet, ipv4, NetworkNamespace, Zone } from "../../../sim/net/index.js";
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
import { play, writeFile } from "../os/system.js";

export interface Host {
  readonly world: World;
  readonly kernel: Kernel;
  readonly outside: NetworkNamespace;
}

/** A host 192.168.0.2 with the userland, and another computer: 192.168.0.1, which is its router and name server. */
export function host(): Host {
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
export const withNetworks = <T>(body: (sys: Sys, networks: Networks) => Activity<T>, { kernel }: Host = host()): T =>
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
export function* box(
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
export function* run(sys: Sys, where: ContainerEnd | undefined, line: string): Activity<string> {
  const script = where === undefined ? line : `nsenter -t ${where.pid} -n -m sh -c '${line}'`;
  return (yield* capture(sys, ["/bin/sh", "-c", script])).output;
}

export const fetch = (sys: Sys, from: ContainerEnd | undefined, url: string): Activity<string> =>
  run(sys, from, `curl -s ${url} || echo failed`);

/** What is refused: the status and the words. */
export function* refusal(call: Activity<unknown>): Activity<string> {
  try {
    yield* call;
    return "done";
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return `${error.status} ${error.message}`;
  }
}

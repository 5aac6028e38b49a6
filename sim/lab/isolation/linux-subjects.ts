import { encodeUtf8, MiB, UsageError } from "../../core/index.js";
import { createDisk } from "../../storage/index.js";
import { makeTree } from "../../container/index.js";
import {
  AF_UNIX,
  attachDrive,
  attempt,
  Errno,
  executable,
  netlink,
  O_CREAT,
  O_WRONLY,
  SOCK_STREAM,
} from "../../os/index.js";
import { Linux } from "../linux.js";
import type { Facts, Finding, HostState } from "./facts.js";
import { landmarks, linuxProbe, settingFile } from "./linux-probe.js";

/** How the application is run in something of Linux. */
interface LinuxSubject {
  readonly name: string;
  /** @param pid of the host's process that it looks for @returns what it printed */
  run(host: Linux, pid: number): string;
}

const probePath = "/opt/probe/probe";
const limit = 20;

/** Directories that boot, for what takes one. */
function tree(host: Linux, path: string): void {
  host.run(function* (sys) {
    yield* attempt(sys.mkdir("/srv", 0o755));
    yield* attempt(sys.mkdir(path, 0o755));
    yield* makeTree(sys, path, { hostname: "box" });
  });
  host.sh(`mkdir -p ${path}/opt/probe; cp ${probePath} ${path}${probePath}`);
}

const shell = (host: Linux, script: string): string => {
  const { output } = host.sh(script);
  return output;
};

export const linuxSubjects: readonly LinuxSubject[] = [
  { name: "the host itself", run: (host, pid) => shell(host, `${probePath} ${pid}`) },
  {
    name: "chroot",
    run(host, pid) {
      tree(host, "/srv/box");
      return shell(host, `chroot /srv/box ${probePath} ${pid}`);
    },
  },
  {
    name: "Docker",
    run(host, pid) {
      const container = host
        .docker()
        .run("alpine", { command: [probePath, String(pid)], volumes: { "/opt/probe": "/opt/probe:ro" }, pids: limit });
      container.wait();
      return container.logs().text;
    },
  },
  {
    name: "nspawn",
    run(host, pid) {
      tree(host, "/srv/box");
      return shell(host.nspawn(), `systemd-nspawn -D /srv/box --property=TasksMax=${limit} ${probePath} ${pid}`);
    },
  },
  {
    name: "nspawn -U -n",
    run(host, pid) {
      tree(host, "/srv/box");
      return shell(host.nspawn(), `systemd-nspawn -D /srv/box -U -n --property=TasksMax=${limit} ${probePath} ${pid}`);
    },
  },
  {
    name: "libvirt",
    run(host, pid) {
      tree(host, "/srv/box");
      const xml = `<domain type='lxc'><name>box</name><os><type>exe</type><init>/sbin/init</init></os><features><privnet/></features>
        <devices><filesystem><source dir='/srv/box'/><target dir='/'/></filesystem></devices></domain>`;
      return shell(
        host.libvirt(),
        `cat >/tmp/box.xml <<'EOF'\n${xml}\nEOF
        virsh define /tmp/box.xml; virsh start box; sleep 1; virsh lxc-enter-namespace box -- ${probePath} ${pid}`,
      );
    },
  },
  {
    name: "LXC",
    run(host, pid) {
      return shell(
        host.lxc(),
        `lxc-create -n box -t download; mkdir -p /var/lib/lxc/box/rootfs/opt/probe
        cp ${probePath} /var/lib/lxc/box/rootfs${probePath}; echo lxc.cgroup2.pids.max = ${limit} >>/var/lib/lxc/box/config
        lxc-start -n box; sleep 1; lxc-attach -n box -- ${probePath} ${pid}`,
      );
    },
  },
];

/** What a probe may change of the host, and the host's own view. */
function stateOf(host: Linux): HostState {
  const read = (path: string): string => host.sh(`cat ${path}`).stdout;
  return {
    hostname: host.namespaces.uts.hostname,
    setting: read(settingFile),
    file: read(landmarks.file),
    mounts: host.sh("cat /proc/mounts").stdout.split("\n").length,
  };
}

/** A host with something of each kind to be found. */
function landmarked(): { readonly host: Linux; readonly pid: number } {
  const host = new Linux({ hostname: "host" });
  host.install(linuxProbe);
  host.install({
    name: landmarks.command,
    *main(sys) {
      const fd = yield* sys.socket(AF_UNIX, SOCK_STREAM);
      yield* sys.bind(fd, landmarks.socket);
      yield* sys.listen(fd, 8);
      for (;;) yield* sys.pause();
    },
  });
  attachDrive(host, landmarks.disk, createDisk({ world: host.world, size: MiB(1) }));
  let pid = 0;
  host.run(function* (sys) {
    for (const path of ["/opt", "/opt/probe"]) yield* attempt(sys.mkdir(path, 0o755));
    for (const [path, bytes, mode] of [
      [probePath, executable("probe", host.machine), 0o755],
      ["/usr/bin/landmark", executable(landmarks.command, host.machine), 0o755],
      [landmarks.file, encodeUtf8("the host's\n"), 0o644],
    ] as const) {
      const fd = yield* sys.open(path, O_CREAT | O_WRONLY, mode);
      yield* sys.write(fd, bytes);
      yield* sys.close(fd);
    }
    yield* netlink(sys, { type: "RTM_NEWLINK", name: "host0", kind: "dummy" });
    yield* netlink(sys, { type: "RTM_NEWADDR", name: "host0", address: `${landmarks.address}/24` });
    yield* netlink(sys, { type: "RTM_SETLINK", name: "host0", set: { up: true } });
    pid = yield* sys.clone(function* (child) {
      yield* child.execve("/usr/bin/landmark", [landmarks.command], []);
    });
  });
  return { host, pid };
}

/** Runs the application in one of them, on a host of its own. */
export function probeLinux(subject: LinuxSubject): Finding {
  const { name } = subject;
  const { host, pid } = landmarked();
  let kernelUid: number | undefined;
  host.interposers.push((call, next) => {
    if (call.name === "probe") kernelUid = call.task.credentials.euid;
    return next(call);
  });
  const before = stateOf(host);
  const output = subject.run(host, pid);
  const line = output.split("\n").find((one) => one.startsWith("{"));
  if (line === undefined)
    throw new UsageError(`${name}: the probe said nothing: ${output}`, "Look at what was refused on the way in.");
  const after = stateOf(host);
  let addresses: readonly string[] = [];
  host.run(function* (sys) {
    const rows = yield* attempt(netlink(sys, { type: "RTM_GETADDR" }));
    if (rows instanceof Errno) return;
    addresses = rows.filter(({ scope }) => scope !== "host").map((one) => one.address);
  });
  return {
    subject: name,
    facts: JSON.parse(line) as Facts,
    outside: {
      before,
      after,
      ...(kernelUid !== undefined && { kernelUid }),
      release: host.release,
      addresses: addresses.filter((one) => one === landmarks.address),
    },
  };
}

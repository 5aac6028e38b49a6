import { BsdError, FreeBsdKernel, type FreeBsdSys } from "../../container/index.js";
import type { Facts, Finding, HostState } from "./facts.js";

const secret = "the host's";
const address = "192.0.2.10";

function code(call: () => unknown): string {
  try {
    call();
    return "ok";
  } catch (error) {
    if (error instanceof BsdError) return error.code;
    throw error;
  }
}

function append(sys: FreeBsdSys, path: string): void {
  const file = sys.open(path, { write: true });
  sys.write(file, "changed\n");
  sys.close(file);
}

/** The application, by FreeBSD's calls. */
function facts(sys: FreeBsdSys, pid: number): Facts {
  const rawSocket = code(() => sys.socket("AF_INET", "SOCK_RAW"));
  return {
    release: sys.uname().release,
    processes: sys.procs().length - 1,
    seesHost: sys.procs().some((one) => one.pid === pid),
    signal: code(() => {
      sys.kill(pid, 0);
    }),
    read: code(() => sys.open("/etc/landmark")),
    change: code(() => {
      append(sys, "/etc/landmark");
    }),
    chrootOut: code(() => {
      const child = sys.fork((below) => {
        below.mkdir("/tmp/below");
        below.chroot("/tmp/below");
        for (let depth = 0; depth < 12; depth++) below.chdir("..");
        below.open("etc/landmark");
        return 0;
      });
      const ended = sys.wait4(child);
      if (ended === undefined || !("exited" in ended) || ended.exited !== 0) throw new BsdError("ENOENT");
    }),
    hostname: sys.uname().nodename,
    rename: code(() => sys.__sysctl("kern.hostname", "renamed")),
    addresses: sys.getifaddrs().flatMap((one) => one.addresses.filter((each) => each !== "127.0.0.1")),
    bindHost: code(() => {
      sys.bind(sys.socket("AF_INET", "SOCK_STREAM"), address, 2222);
    }),
    rawSocket,
    uid: sys.getuid(),
    ipc: code(() => sys.shmget(42)),
    children: Array.from({ length: 40 }, () => code(() => sys.fork(() => "stays"))).filter((one) => one === "ok")
      .length,
    device: code(() => {
      sys.mknodat("/tmp/disk");
    }),
    mount: code(() => {
      sys.nmount({ fstype: "tmpfs", fspath: "/tmp" });
    }),
    setting: code(() => sys.__sysctl("kern.maxproc", 500)),
    clock: code(() => {
      sys.settimeofday(sys.gettimeofday());
    }),
  };
}

const stateOf = (kernel: FreeBsdKernel): HostState => ({
  hostname: kernel.prison0.hostname,
  setting: String(kernel.mostProcesses),
  file: kernel.runAs((sys) => (sys.write(1, String.fromCharCode(...sys.read(sys.open("/etc/landmark")))), 0)).output,
  mounts: kernel.mounts.length,
});

/** The application in a jail of FreeBSD, with rctl's limit of processes. */
export function probeJail(): Finding {
  const kernel = new FreeBsdKernel();
  let found: Facts | undefined;
  let pid = 0;
  kernel.install({
    name: "probe",
    main(sys) {
      found = facts(sys, pid);
      return 0;
    },
  });
  kernel.makeTree("/jails/box", "box");
  kernel.runAs((sys) => {
    sys.write(sys.open("/etc/landmark", { write: true, create: true }), secret);
    sys.shmget(42, secret);
    pid = sys.fork(() => "stays");
    return 0;
  });
  kernel.command("jail -c name=box path=/jails/box host.hostname=box ip4.addr=192.0.2.11 mount.devfs persist");
  kernel.runAs((sys) => (sys.rctl_add_rule("box", 20), 0));
  const before = stateOf(kernel);
  const { output } = kernel.command("jexec box /usr/sbin/probe");
  if (found === undefined) throw new BsdError("ENOENT", `the probe didn't run: ${output}`);
  return {
    subject: "FreeBSD jail",
    facts: found,
    outside: {
      before,
      after: stateOf(kernel),
      kernelUid: 0,
      release: kernel.prison0.osrelease,
      addresses: kernel.network.interfaces.flatMap((one) => one.addresses.filter((each) => each !== "127.0.0.1")),
    },
  };
}

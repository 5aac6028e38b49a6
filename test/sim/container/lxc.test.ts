import { describe, expect, test } from "vitest";
import { installLxc, parseConfiguration, specOfConfiguration } from "../../../sim/container/index.js";
import { UsageError } from "../../../sim/core/index.js";
import { host, lines } from "./system-host.js";

const withLxc = (): ReturnType<typeof host> => host(installLxc);

/** A container with an address, whose console is a file. */
function defined(name = "c1", more = ""): ReturnType<typeof host> {
  const made = withLxc();
  made.sh(`lxc-create -n ${name} -t download
    cat >>/var/lib/lxc/${name}/config <<EOF
lxc.net.0.ipv4.address = 10.0.3.2/24
lxc.net.0.ipv4.gateway = auto
lxc.console.logfile = /var/log/${name}.log
${more}
EOF`);
  return made;
}

describe("a configuration", () => {
  const wrong = (text: string): string => {
    try {
      parseConfiguration(text, "c");
    } catch (error) {
      if (error instanceof UsageError) return `${error.message} | ${error.hint}`;
      throw error;
    }
    return "none";
  };

  test("its lists gather, single values are replaced, an empty value takes away", () => {
    const read = parseConfiguration(`
      lxc.uts.name = a
      lxc.uts.name = b
      lxc.cap.drop = sys_time sys_module
      lxc.cap.drop = mac_admin
      lxc.mount.entry = /a a none bind 0 0
      lxc.mount.entry =
      lxc.mount.entry = /b b none bind 0 0
      lxc.net.1.type = veth
      lxc.net.0.type = empty
      lxc.net.1.ipv4.address = 10.0.0.2/24
      lxc.cgroup2.pids.max = 50`);
    expect(read.name).toBe("b");
    expect(read.dropped).toEqual(["SYS_TIME", "SYS_MODULE", "MAC_ADMIN"]);
    expect(read.mounts).toEqual(["/b b none bind 0 0"]);
    expect(read.networks.map(({ type, addresses }) => [type, addresses])).toEqual([
      ["empty", []],
      ["veth", ["10.0.0.2/24"]],
    ]);
    expect(read.cgroup).toEqual({ "pids.max": "50" });
  });

  test("a mistake is told with file, line and mend", () => {
    expect(wrong("lxc.uts.nam = a")).toBe(
      'c:1: unknown configuration key "lxc.uts.nam" | Did you mean "lxc.uts.name"?',
    );
    expect(wrong("\nlxc.apparmor.profile = unconfined")).toContain("c:2: lxc.apparmor.profile: the kernel has no such");
    expect(wrong("lxc.cgroup.memory.limit_in_bytes = 1M")).toContain("only version 2");
    expect(wrong("lxc.cap.drop = sys_clock")).toContain('"sys_clock" is no capability');
    expect(wrong("lxc.idmap = u 0 100000")).toContain("Write u, g or b");
    expect(wrong("lxc.signal.halt = SIGNONE")).toContain('"SIGNONE" is no signal');
    expect(wrong("nonsense")).toContain("Write KEY = VALUE.");
    expect(wrong("lxc.net.0.type = macvlan")).toContain("veth, empty and none");
  });

  test("becomes namespaces, capabilities and mounts", () => {
    const spec = specOfConfiguration(
      parseConfiguration(
        "lxc.cap.keep = chown kill\nlxc.idmap = b 0 100000 65536\nlxc.namespace.keep = ipc\nlxc.mount.auto = proc:mixed",
      ),
      "c",
      ["/sbin/init"],
    );
    expect(spec.linux.namespaces.map(({ type }) => type)).toEqual(["pid", "network", "mount", "uts", "user", "cgroup"]);
    expect(spec.process.capabilities?.bounding).toEqual(["CAP_CHOWN", "CAP_KILL"]);
    expect(spec.linux.uidMappings).toEqual([{ containerID: 0, hostID: 100_000, size: 65_536 }]);
    expect(spec.linux.readonlyPaths).toContain("/proc/sys");
  });
});

describe("a system container", () => {
  test("boots an init that starts its services in order, and is stopped in the opposite one", () => {
    const { sh } = defined();
    expect(sh("lxc-start -n c1; sleep 1; lxc-attach -n c1 -- systemctl is-active syslog networking basic.target")).toBe(
      "active\n",
    );
    const inside = lines(sh("lxc-attach -n c1 -- ps -eo pid,ppid,args"));
    // Pid 1 is the init, the logger is its child; who was attached has no parent that is seen.
    expect(inside.slice(1).map((line) => line.trim().split(/\s+/).slice(1, 3).join(" "))).toEqual([
      "0 /sbin/init",
      "1 cat",
      "0 ps",
    ]);
    sh("lxc-stop -n c1");
    const said = lines(sh("cat /var/log/c1.log"));
    const of = (text: string): number => said.findIndex((line) => line.includes(text));
    const sequence = [
      "Finished Create Volatile",
      "Reached target Basic",
      "Started System Logger",
      "Reached target Multi-User",
    ];
    expect(sequence.map(of)).toEqual(sequence.map(of).sort((a, b) => a - b));
    expect(of("Stopped System Logger")).toBeLessThan(of("Stopped Create Volatile"));
    expect(Math.min(...sequence.map(of))).toBeGreaterThan(0);
    expect(sh("lxc-ls -f; ls -d /sys/fs/cgroup/lxc*")).toContain("c1   STOPPED");
  });

  test("has its own name, processes, address; the host reaches it, and sees its processes under other numbers", () => {
    const { sh } = defined();
    sh("lxc-start -n c1; sleep 1");
    expect(sh("hostname; lxc-attach -n c1 -- hostname")).toBe("host\nc1\n");
    expect(
      sh("ping -c 1 10.0.3.2 | grep -c '1 received'; lxc-attach -n c1 -- ping -c 1 10.0.3.1 | grep -c '1 received'"),
    ).toBe("1\n1\n");
    expect(sh("lxc-ls -f")).toMatch(/c1 +RUNNING 10\.0\.3\.2 false/);
    const pid = /PID:\s+(\d+)/.exec(sh("lxc-info -n c1"))?.[1] ?? "";
    expect(sh(`grep NSpid /proc/${pid}/status`)).toBe(`NSpid:\t${pid}\t1\n`);
    expect(
      sh("cat /proc/$(pidof nobody 2>/dev/null || echo self)/cgroup; lxc-attach -n c1 -- cat /proc/1/cgroup"),
    ).toContain("0::/init.scope");
  });

  test("what lxc.cap.drop, the policy and the read-only settings take away, and what is left of root", () => {
    const { sh } = defined();
    sh("lxc-start -n c1; sleep 1");
    expect(sh("lxc-attach -n c1 -- sh -c 'echo x >/proc/sys/kernel/hostname'")).toContain("Read-only file system");
    expect(sh("lxc-attach -n c1 -- mount -t tmpfs none /mnt; lxc-attach -n c1 -- grep CapBnd /proc/self/status")).toBe(
      // All 41 but mac_override (32), mac_admin (33), sys_time (25), sys_module (16), sys_rawio (17).
      `CapBnd:\t${((1n << 41n) - 1n - (1n << 32n) - (1n << 33n) - (1n << 25n) - (1n << 16n) - (1n << 17n)).toString(16).padStart(16, "0")}\n`,
    );
    expect(sh("mount | grep -c ' /mnt '")).toBe("0\n[1]\n");
  });

  test("is frozen and goes on; a limit of its control group holds", () => {
    const { sh } = defined("c1", "lxc.cgroup2.pids.max = 20");
    sh("lxc-start -n c1; sleep 1");
    expect(sh("lxc-freeze -n c1; lxc-info -s -n c1; lxc-unfreeze -n c1; lxc-info -s -n c1")).toBe(
      "State:          FROZEN\nState:          RUNNING\n",
    );
    expect(sh("lxc-cgroup -n c1 pids.max; lxc-cgroup -n c1 pids.max 9; lxc-cgroup -n c1 pids.max")).toBe("20\n9\n");
    expect(sh("lxc-attach -n c1 -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done' 2>&1")).toContain(
      "Resource temporarily unavailable",
    );
  });

  test("restarts on lxc-stop -r under the same monitor, and is killed by -k", () => {
    const { sh } = defined();
    sh("lxc-start -n c1; sleep 1; lxc-attach -n c1 -- touch /srv/kept");
    const before = sh("lxc-info -n c1 | grep PID");
    expect(sh("lxc-stop -r -n c1; sleep 1; lxc-attach -n c1 -- ls /srv; lxc-info -s -n c1")).toBe(
      "kept\nState:          RUNNING\n",
    );
    expect(sh("lxc-info -n c1 | grep PID")).not.toBe(before);
    expect(sh("lxc-stop -k -n c1; lxc-info -s -n c1; lxc-stop -n c1")).toBe(
      "State:          STOPPED\nlxc-stop: c1 is not running\n[1]\n",
    );
  });

  test("with lxc.idmap its root is nobody on the host", () => {
    const { sh } = withLxc();
    sh(`cp /etc/lxc/default.conf /etc/lxc/mapped.conf; echo 'lxc.idmap = b 0 100000 65536' >>/etc/lxc/mapped.conf
      echo 'lxc.mount.entry = /root mnt none bind 0 0' >>/etc/lxc/mapped.conf; chmod 700 /root; echo secret >/root/secret`);
    expect(
      sh(
        "chmod 711 /var/lib/lxc; lxc-create -n u -t download -f /etc/lxc/mapped.conf; lxc-start -n u; sleep 1; lxc-info -s -n u",
      ),
    ).toBe("State:          RUNNING\n");
    expect(sh("lxc-attach -n u -- id -u; stat -c %u /var/lib/lxc/u/rootfs/etc")).toBe("0\n100000\n");
    const pid = /PID:\s+(\d+)/.exec(sh("lxc-info -n u"))?.[1] ?? "";
    expect(sh(`stat -c %u /proc/${pid}; cat /proc/${pid}/uid_map`)).toMatch(/^100000\n\s+0\s+100000\s+65536\n$/);
    expect(sh("lxc-attach -n u -- sh -c 'ls -ld /mnt | cut -c1-10; cat /mnt/secret'")).toBe(
      "drwx------\ncat: /mnt/secret: Permission denied\n[1]\n",
    );
    expect(sh("lxc-ls -f")).toMatch(/u +RUNNING - +true/);
  });

  test("is copied, overlaid, kept in snapshots and restored, and can't be destroyed under its overlays", () => {
    const { sh } = defined();
    sh("echo one >/var/lib/lxc/c1/rootfs/srv/file; lxc-copy -n c1 -N full; lxc-copy -n c1 -N thin -s");
    expect(sh("cat /var/lib/lxc/full/rootfs/srv/file; ls /var/lib/lxc/thin")).toBe("one\nconfig\n");
    sh("lxc-start -n thin; sleep 1; lxc-attach -n thin -- sh -c 'echo two >/srv/file'; lxc-stop -n thin");
    expect(sh("cat /var/lib/lxc/c1/rootfs/srv/file /var/lib/lxc/thin/overlay/delta/srv/file")).toBe("one\ntwo\n");
    expect(sh("lxc-destroy -n c1")).toContain("c1 has snapshots: thin");
    sh("lxc-destroy -n thin; lxc-snapshot -n c1; rm /var/lib/lxc/c1/rootfs/srv/file");
    expect(sh("lxc-snapshot -n c1 -L")).toMatch(/^snap0 1970-/);
    sh("lxc-snapshot -n c1 -r snap0");
    expect(sh("cat /var/lib/lxc/c1/rootfs/srv/file; lxc-destroy -n c1 -s; lxc-ls")).toBe(
      "one\nDestroyed container c1\nfull\n",
    );
  });

  test("lxc-execute runs one application under a small init, and gives its status", () => {
    const { sh } = defined();
    expect(lines(sh("lxc-execute -n c1 -- sh -c 'echo pid $$; exit 3'"))).toEqual(["pid 2", "[3]"]);
    expect(sh("lxc-info -s -n c1")).toBe("State:          STOPPED\n");
  });

  test("what can't be done is told with its mend, and leaves nothing behind", () => {
    const { sh } = defined();
    expect(sh("lxc-start -n none")).toContain("Container is not defined");
    expect(sh("lxc-create -n c1 -t download")).toContain("Container c1 already exists");
    expect(sh("lxc-create -n c2 -t ubuntu; ls -d /var/lib/lxc/c2")).toContain('unknown template "ubuntu"');
    sh("sed -i 's/lxcbr0/nobr/' /var/lib/lxc/c1/config");
    expect(sh("lxc-start -n c1")).toContain("there is no such bridge");
    expect(sh("lxc-info -s -n c1; ls /sys/fs/cgroup | grep -c lxc; ip -o link | grep -c veth")).toBe(
      "State:          STOPPED\n0\n0\n[1]\n",
    );
  });
});

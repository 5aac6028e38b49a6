import { describe, expect, test } from "vitest";
import { installLibvirt, makeTree, parseDomain } from "../../../sim/container/index.js";
import { UsageError } from "../../../sim/core/index.js";
import { attempt } from "../../../sim/os/index.js";
import { host } from "./system-host.js";

const xml = (inside = "", devices = ""): string => `<domain type="lxc">
  <name>web</name>
  <memory unit='MiB'>64</memory>
  <os><type>exe</type><init>/sbin/init</init></os>${inside}
  <devices>
    <filesystem type='mount'><source dir='/srv/web'/><target dir='/'/></filesystem>${devices}
  </devices>
</domain>`;

const withDomain = (text: string): ReturnType<typeof host> => {
  const made = host(function* (sys, kernel) {
    yield* installLibvirt(sys, kernel);
    for (const path of ["/srv", "/srv/web"]) yield* attempt(sys.mkdir(path, 0o755));
    yield* makeTree(sys, "/srv/web", { hostname: "web" });
  });
  made.sh(`cat >/tmp/web.xml <<'EOF'\n${text}\nEOF`);
  return made;
};

describe("a domain's XML", () => {
  test("says which namespaces, capabilities, limits and mounts it has", () => {
    const { spec, interfaces } = parseDomain(
      xml(
        "<idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap><features><capabilities policy='default'><mknod state='on'/><chown state='off'/></capabilities></features>",
        "<interface type='bridge'><source bridge='br0'/><ip address='10.0.0.2' prefix='24'/></interface><filesystem type='ram'><source usage='1024'/><target dir='/tmp'/></filesystem>",
      ),
    );
    expect(spec.linux.namespaces.map(({ type }) => type).sort()).toEqual([
      "cgroup",
      "ipc",
      "mount",
      "network",
      "pid",
      "user",
      "uts",
    ]);
    expect(spec.linux.resources?.memory).toEqual({ limit: 64 * 2 ** 20 });
    const kept = spec.process.capabilities?.bounding ?? [];
    expect([kept.includes("CAP_MKNOD"), kept.includes("CAP_CHOWN"), kept.includes("CAP_SYS_TIME")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(interfaces).toMatchObject([{ bridge: "br0", address: "10.0.0.2/24" }]);
    expect(spec.mounts.find(({ destination }) => destination === "/tmp")).toMatchObject({
      type: "tmpfs",
      options: ["size=1024k"],
    });
    expect(parseDomain(xml()).spec.linux.namespaces.some(({ type }) => type === "network")).toBe(false);
  });

  test("what is wrong with it is told", () => {
    for (const [text, message] of [
      ["<domain type='lxc'><name>a</nam></domain>", "line 1: </nam> where <name> is open"],
      ["<domain type='kvm'><name>a</name></domain>", "no <domain type='lxc'>"],
      ["<domain type='lxc'>\n<name>a</name>", "line 2: <domain> isn't closed"],
      [xml().replace("exe", "hvm"), "isn't exe"],
      [xml().replace("target dir='/'", "target dir='/mnt'"), "no <filesystem> has the target /"],
      [xml("", "<interface type='network'><source network='default'/></interface>"), "type='network'"],
      [xml("<features><capabilities><sys_clock state='on'/></capabilities></features>"), "unknown capability"],
    ] as const) {
      expect(() => parseDomain(text), message).toThrow(message);
      expect(() => parseDomain(text)).toThrow(UsageError);
    }
  });
});

describe("virsh", () => {
  test("a domain is defined, started, entered, suspended, shut down and undefined", () => {
    const { sh } = withDomain(xml("<features><privnet/></features>"));
    expect(sh("virsh -c lxc:/// define /tmp/web.xml")).toBe("Domain 'web' defined from /tmp/web.xml\n\n");
    expect(sh("virsh list --all")).toMatch(/ - +web +shut off/);
    expect(sh("virsh start web; sleep 1; virsh list")).toMatch(/ \d+ +web +running/);
    expect(sh("virsh lxc-enter-namespace web -- /bin/hostname")).toBe("web\n");
    expect(sh("virsh lxc-enter-namespace web -- /usr/bin/systemctl is-active syslog")).toBe("active\n");
    expect(
      sh(
        'virsh lxc-enter-namespace web -- /bin/sh -c \'ip -o link | wc -l; cat /proc/1/environ | tr "\\0" "\\n" | grep -c LIBVIRT_LXC_NAME=web\'',
      ),
    ).toBe("1\n1\n");
    expect(sh("cat '/sys/fs/cgroup/machine.slice/machine-lxc-web.scope/memory.max'")).toBe(`${64 * 2 ** 20}\n`);
    expect(sh("virsh dumpxml web")).toMatch(/^<domain type='lxc' id='\d+'>\n {2}<name>web<\/name>/);
    expect(sh("virsh suspend web; virsh domstate web; virsh resume web; virsh domstate web")).toBe(
      "Domain 'web' suspended\n\npaused\n\nDomain 'web' resumed\n\nrunning\n\n",
    );
    expect(sh("virsh undefine web")).toContain("cannot undefine active domain");
    expect(sh("virsh shutdown web; sleep 1; virsh domstate web")).toContain("shut off");
    expect(
      sh(
        "virsh start web; sleep 1; virsh destroy web; sleep 1; virsh domstate web; ls /sys/fs/cgroup/machine.slice | grep -c scope",
      ),
    ).toContain("shut off\n\n0\n");
    expect(sh("virsh undefine web; virsh list --all | grep -c web")).toBe(
      "Domain 'web' has been undefined\n\n0\n[1]\n",
    );
  });

  test("what fails is told, and leaves nothing", () => {
    const { sh } = withDomain(xml("", "<interface type='bridge'><source bridge='nobr'/></interface>"));
    sh("virsh define /tmp/web.xml");
    expect(sh("virsh start web")).toContain("Failed to start domain 'web'");
    expect(sh("virsh domstate web; ls /run/libvirt/lxc 2>/dev/null; ip -o link | grep -c vnet")).toBe(
      "shut off\n\n0\n[1]\n",
    );
    expect(sh("virsh start none")).toContain("failed to get domain 'none'");
    expect(sh("virsh -c qemu:///system list")).toContain("no connection driver available");
  });
});

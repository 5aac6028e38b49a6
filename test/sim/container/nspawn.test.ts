import { describe, expect, test } from "vitest";
import { installNspawn, makeTree } from "../../../sim/container/index.js";
import { attempt } from "../../../sim/os/index.js";
import { host, lines } from "./system-host.js";

const web = "/var/lib/machines/web";

/** A host with the tree /var/lib/machines/web, which has these units besides its own. */
const withTree = (units: Readonly<Record<string, string>> = {}): ReturnType<typeof host> =>
  host(function* (sys, kernel) {
    yield* installNspawn(sys, kernel);
    yield* attempt(sys.mkdir(web, 0o755));
    yield* makeTree(sys, web, { hostname: "web", units });
  });

const service = (settings: string, unit = ""): string =>
  `[Unit]\n${unit}\n[Service]\n${settings}\n[Install]\nWantedBy=multi-user.target\n`;

/** What the console of a machine showed that was booted, left to itself and powered off. */
const bootedFor = (seconds: number, units: Readonly<Record<string, string>>): string[] => {
  const { sh } = withTree(units);
  sh(`systemd-nspawn -D ${web} -b >/tmp/console 2>&1 & sleep ${seconds}; machinectl poweroff web; wait`);
  return lines(sh("cat /tmp/console"));
};

describe("a tree boots", () => {
  test("units start behind what they are After=, and stop before it", () => {
    const said = bootedFor(1, {
      "b.service": service("ExecStart=/bin/sleep infinity", "After=a.service"),
      "a.service": service("Type=oneshot\nExecStart=/bin/sleep 0.2\nRemainAfterExit=yes", "After=syslog.service"),
      "c.service": service("ExecStart=/bin/sleep infinity", "Before=a.service"),
    });
    const at = (text: string): number => said.indexOf(`[  OK  ] ${text}.`);
    expect(
      [at("Started c.service"), at("Finished a.service"), at("Started b.service")].every((place) => place >= 0),
    ).toBe(true);
    expect(at("Started c.service")).toBeLessThan(at("Finished a.service"));
    expect(at("Finished a.service")).toBeLessThan(at("Started b.service"));
    expect(at("Stopped b.service")).toBeLessThan(at("Stopped a.service"));
    expect(at("Stopped a.service")).toBeLessThan(at("Stopped c.service"));
  });

  test("Restart= begins a service again, until it has failed too often", () => {
    const said = bootedFor(5, { "job.service": service("ExecStart=/bin/false\nRestart=on-failure") });
    expect(said.filter((line) => line.includes("Main process exited, code=exited, status=1")).length).toBe(5);
    expect(said.some((line) => line.includes("Start request repeated too quickly"))).toBe(true);
    const once = bootedFor(5, { "job.service": service("ExecStart=/bin/true\nRestart=on-failure") });
    expect(once.filter((line) => line.includes("Started job.service")).length).toBe(1);
  });

  test("what it requires fails it; a circle is cut; what isn't understood is told and passed over", () => {
    const said = bootedFor(1, {
      "bad.service": service("Type=oneshot\nExecStart=/bin/false"),
      "needs.service": service("ExecStart=/bin/sleep infinity", "Requires=bad.service\nAfter=bad.service"),
      "x.service": service("ExecStart=/bin/sleep infinity", "After=y.service"),
      "y.service": service("ExecStart=/bin/sleep infinity\nNice=5", "After=x.service"),
      "n.service": service("Type=notify\nExecStart=/bin/sleep infinity"),
    });
    expect(said).toContain("[DEPEND] Dependency failed for needs.service.");
    expect(
      said.some((line) => line.startsWith("Found ordering cycle: x.service after y.service after x.service")),
    ).toBe(true);
    expect(said.filter((line) => /Started [xy]\.service/.test(line)).length).toBe(1);
    expect(said).toContain("y.service:5: Unknown key 'Nice' in section [Service], ignoring.");
    expect(said).toContain("n.service: Type=notify is absent here: write simple or oneshot. Refusing.");
    expect(said).toContain("[  OK  ] Reached target Multi-User System.");
  });

  test("systemctl starts, stops, enables and tells; a stubborn service is killed", () => {
    const { sh } = withTree({
      "stubborn.service": `[Service]\nExecStart=/bin/sh -c "trap '' TERM; while :; do sleep 1; done"\nTimeoutStopSec=2\n`,
    });
    sh(`systemd-nspawn -D ${web} -b >/tmp/console 2>&1 & sleep 1`);
    const inside = (words: string): string => sh(`machinectl shell web /usr/bin/systemctl ${words}`);
    expect(inside("is-active stubborn")).toBe("inactive\n[3]\n");
    expect(inside("start stubborn; machinectl shell web /usr/bin/systemctl is-active stubborn")).toBe("active\n");
    expect(inside("status stubborn")).toMatch(/Active: active \(running\)\n +Main PID: \d+/);
    expect(inside("stop stubborn; machinectl shell web /usr/bin/systemctl is-active stubborn")).toBe("inactive\n[3]\n");
    expect(sh("grep -c 'timed out. Killing' /tmp/console")).toBe("1\n");
    expect(inside("start nothing")).toContain("Unit nothing.service not found");
    expect(inside("stop syslog; machinectl shell web /usr/bin/systemctl list-units")).not.toContain("syslog");
    expect(sh(`systemctl --root=${web} disable syslog; systemctl --root=${web} enable syslog`)).toContain(
      "Created symlink",
    );
    expect(sh("systemctl status x")).toContain("not been booted with systemd");
  });
});

describe("systemd-nspawn", () => {
  test("a machine has its own processes and name; its network is the host's, or its own", () => {
    const { sh } = withTree();
    sh("ip link add d0 type dummy; ip addr add 192.0.2.1/24 dev d0");
    expect(sh(`systemd-nspawn -D ${web} sh -c 'echo $$; hostname; ip -o addr show d0'`)).toMatch(
      /^1\nweb\n2: d0 .*192\.0\.2\.1/,
    );
    expect(sh(`systemd-nspawn -D ${web} --private-network sh -c 'ip -o link' | wc -l`)).toBe("1\n");
    expect(sh(`systemd-nspawn -D ${web} -n sh -c 'ip -o link | cut -d: -f2'`)).toBe(" lo\n host0@if3\n");
    expect(sh(`systemd-nspawn -D ${web} sh -c 'exit 7'`)).toBe("[7]\n");
  });

  test("ephemeral leaves the tree as it was; binds are as they are asked for", () => {
    const { sh } = withTree();
    sh("mkdir /data; echo one >/data/file");
    expect(
      sh(
        `systemd-nspawn -D ${web} -x --bind=/data:/mnt --bind-ro=/etc:/srv sh -c 'touch /new; echo two >>/mnt/file; touch /srv/x'`,
      ),
    ).toContain("Read-only file system");
    expect(sh(`cat /data/file; ls ${web} | grep -c new; ls /run/systemd/nspawn`)).toBe("one\ntwo\n0\n");
  });

  test("with -U its users are others on the host, of a range that no machine has", () => {
    const { sh } = withTree();
    sh(`cp -a ${web} /var/lib/machines/db; machinectl start web; machinectl start db; sleep 1`);
    expect(
      lines(sh("machinectl list"))
        .slice(0, 3)
        .map((line) => line.split(/\s+/)[0]),
    ).toEqual(["MACHINE", "db", "web"]);
    const shifts = ["web", "db"].map((name) => /UID Shift: (\d+)/.exec(sh(`machinectl status ${name}`))?.[1]);
    expect(shifts.map(Number).sort()).toEqual([524_288, 589_824]);
    expect(sh(`machinectl shell db /bin/id -u; stat -c %u /var/lib/machines/db/etc`)).toBe(`0\n${shifts[1] ?? ""}\n`);
    const before = sh("machinectl list");
    sh("machinectl reboot web; sleep 1; machinectl terminate db; sleep 1");
    expect(lines(sh("machinectl list"))[1]).toMatch(/^web/);
    expect(sh("machinectl list")).not.toBe(before);
    expect(
      sh("machinectl poweroff web; sleep 1; machinectl list; ls /sys/fs/cgroup/machine.slice | grep -c nspawn"),
    ).toBe("MACHINE CLASS SERVICE LEADER\n\n0 machines listed.\n0\n[1]\n");
  });

  test("what can't be done is told with its mend", () => {
    const { sh } = withTree();
    expect(sh("systemd-nspawn -D /tmp -b")).toContain("doesn't look like an OS root directory");
    expect(sh("systemd-nspawn -b")).toContain("Write -D DIRECTORY");
    expect(sh(`systemd-nspawn -D ${web} --private-users=5`)).toContain("a multiple of 65536");
    expect(sh(`systemd-nspawn -D ${web} --property=IOMax=1 sh`)).toContain("There are TasksMax");
    expect(sh("machinectl poweroff none")).toContain("No machine 'none' known");
    expect(sh(`systemd-nspawn -D ${web} sh -c 'echo x >/proc/sys/kernel/hostname'`)).toContain("Read-only");
  });
});

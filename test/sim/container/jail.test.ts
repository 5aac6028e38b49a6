import { describe, expect, test } from "vitest";
import {
  BsdError,
  escapeAttempts,
  FreeBsdKernel,
  freeBsdCallTable,
  parseJailConf,
  tryEscape,
  type EscapeTarget,
  type FreeBsdSys,
} from "../../../sim/container/index.js";
import { UsageError } from "../../../sim/core/index.js";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** The error that a call fails with; "ok" where it doesn't. */
function code(call: () => unknown): string {
  try {
    call();
    return "ok";
  } catch (error) {
    if (error instanceof BsdError) return error.code;
    throw error;
  }
}

/** A FreeBSD with a tree below /jails/web. */
function booted(): FreeBsdKernel {
  const kernel = new FreeBsdKernel();
  kernel.makeTree("/jails/web", "web");
  return kernel;
}

/** Has a function run as root in a jail, and gives what it gave. */
function inJail<T>(body: (sys: FreeBsdSys) => T, settings = "", kernel = booted()): T {
  let result: { readonly value: T } | undefined;
  kernel.install({
    name: "probe",
    main(sys) {
      result = { value: body(sys) };
      return 0;
    },
  });
  kernel.makeTree("/jails/probe", "probe");
  const ran = kernel.command(
    `jail -c name=probe path=/jails/probe host.hostname=probe.example ip4.addr=192.0.2.11 ${settings} command=/usr/sbin/probe`,
  );
  if (result === undefined) throw new Error(ran.output);
  return result.value;
}

describe("jail.conf(5)", () => {
  test("common parameters, blocks, lists, variables and comments", () => {
    const [web, db] = parseJailConf(`
      # for all
      exec.start = "/bin/sh /etc/rc";   // C++
      path = "/jails/$name";
      allow.raw_sockets;
      * { mount.devfs; }
      web { ip4.addr = em0|192.0.2.11/24, 192.0.2.12; host.hostname = "\${name}.example"; exec.start += 'echo $name'; }
      db  { $tier = back; host.hostname = "$tier.$name"; allow.noraw_sockets; /* C */ }`);
    expect(web).toEqual({
      name: "web",
      parameters: {
        "exec.start": ["echo $name"],
        path: ["/jails/web"],
        "allow.raw_sockets": [],
        "mount.devfs": [],
        "ip4.addr": ["em0|192.0.2.11/24", "192.0.2.12"],
        "host.hostname": ["web.example"],
      },
    });
    expect(db?.parameters["host.hostname"]).toEqual(["back.db"]);
    expect(db?.parameters["allow.noraw_sockets"]).toEqual([]);
  });

  test("a mistake is told with its line", () => {
    for (const [wrong, message] of [
      ["web {\n path = /a\n}", "jail.conf:3: path doesn't end"],
      ["web { path = ; }", "jail.conf:1: path lacks a value"],
      ["web { path = /a;", "the block of web isn't closed"],
      ["web { path = $none; }", 'variable "$none" is not defined'],
    ] as const)
      expect(() => parseJailConf(wrong), wrong).toThrow(message);
    expect(() => parseJailConf("= x;")).toThrow(UsageError);
  });
});

describe("jail(8), jls(8), jexec(8)", () => {
  test("a jail is made by jail.conf, listed, entered, removed with its processes", () => {
    const kernel = booted();
    const conf =
      'web { path = /jails/web; host.hostname = web.example; ip4.addr = 192.0.2.11; mount.devfs; exec.start = "/usr/sbin/httpd 80"; }';
    kernel.runAs((sys) => (sys.write(sys.open("/etc/jail.conf", { write: true, create: true }), conf), 0));
    expect(kernel.command("jail -c web")).toEqual({ output: "web: created\n", status: 0 });
    expect(kernel.command("jls").output).toBe(
      "   JID  IP Address      Hostname                      Path\n     1  192.0.2.11      web.example                   /jails/web\n",
    );
    expect(kernel.command("jexec web /bin/hostname").output).toBe("web.example\n");
    const inside = kernel.command("jexec web /bin/ps").output;
    expect(inside).toContain("httpd 80");
    expect(inside).not.toContain("init");
    expect(kernel.command("ps").output).toContain("/sbin/init");
    expect(kernel.runAs((sys) => (sys.connect(sys.socket("AF_INET", "SOCK_STREAM"), "192.0.2.11", 80), 0)).status).toBe(
      0,
    );
    expect(kernel.command("jail -r web")).toEqual({ output: "web: removed\n", status: 0 });
    expect(kernel.command("ps").output).not.toContain("httpd");
    expect(kernel.mounts.length).toBe(1);
  });

  test("a jail that nothing stays in goes with its last process, unless it persists", () => {
    const kernel = booted();
    kernel.command("jail -c name=a path=/jails/web command=/bin/ps");
    expect(kernel.command("jls jid name").output).toBe("");
    kernel.command("jail -c name=b path=/jails/web persist");
    expect(kernel.command("jls jid name persist").output).toBe("2 b true\n");
  });

  test("wrong parameters are refused in the kernel, with what is wrong", () => {
    const kernel = booted();
    const said = (words: string): string => kernel.command(`jail -c ${words}`).output;
    expect(said("name=a path=/jails/web vnet persist")).toContain("vnet: virtual network stacks are absent here");
    expect(said("name=a path=/jails/web allow.raw_socket=true persist")).toContain("did you mean allow.raw_sockets?");
    expect(said("name=a path=/none persist")).toContain("No such file or directory");
    expect(said("name=a path=/jails/web enforce_statfs=3 persist")).toContain("0, 1 or 2");
    expect(kernel.prisons()).toEqual([]);
  });
});

describe("root in a jail", () => {
  test("is uid 0, commands its files and users, and sees neither the host nor its files", () => {
    const seen = inJail((sys) => [
      sys.getuid(),
      sys.uname().nodename,
      sys.getppid(),
      code(() => sys.open("/etc/master.passwd")),
      code(() => sys.open("../../../jails/web/etc/hostname")),
      text(sys.read(sys.open("/etc/hostname"))),
      code(() => {
        sys.chown("/etc/hostname", 1001);
      }),
      sys.procs().length,
      sys.getifaddrs(),
      sys.getfsstat(),
      sys.__sysctl("security.jail.jailed"),
      code(() => {
        sys.setuid(1001);
      }),
      code(() => {
        sys.setuid(0);
      }),
    ]);
    expect(seen).toEqual([
      0,
      "probe.example",
      0,
      "ENOENT",
      "ENOENT",
      "probe\n",
      "ok",
      1,
      [{ name: "em0", addresses: ["192.0.2.11"] }],
      [{ type: "ufs", on: "/" }],
      1,
      "ok",
      "EPERM",
    ]);
  });

  test("may bind its own address alone; any and the loopback are that one", () => {
    const seen = inJail((sys) => {
      const bound = (address: string, port: number): unknown => {
        const socket = sys.socket("AF_INET", "SOCK_STREAM");
        sys.bind(socket, address, port);
        return sys.getsockname(socket).address;
      };
      return [
        bound("0.0.0.0", 80),
        bound("127.0.0.1", 81),
        code(() => bound("192.0.2.10", 82)),
        code(() => sys.socket("AF_INET", "SOCK_RAW")),
        code(() => sys.socket("AF_KEY", "SOCK_RAW")),
        code(() => {
          sys.ifaddr("em0", "192.0.2.99");
        }),
      ];
    });
    expect(seen).toEqual(["192.0.2.11", "192.0.2.11", "EADDRNOTAVAIL", "EPERM", "EAFNOSUPPORT", "EPERM"]);
  });

  test("gets by allow.* what the jail's definition gives, and nothing more", () => {
    expect(inJail((sys) => code(() => sys.socket("AF_INET", "SOCK_RAW")), "allow.raw_sockets=true")).toBe("ok");
    expect(inJail((sys) => code(() => sys.__sysctl("kern.hostname", "other")), "allow.set_hostname=false")).toBe(
      "EPERM",
    );
    expect(inJail((sys) => code(() => sys.__sysctl("kern.hostname", "other")))).toBe("ok");
    expect(
      inJail((sys) =>
        code(() => {
          sys.chflags("/etc/hostname", true);
        }),
      ),
    ).toBe("EPERM");
    expect(
      inJail(
        (sys) =>
          code(() => {
            sys.chflags("/etc/hostname", true);
          }),
        "allow.chflags=true",
      ),
    ).toBe("ok");
    const mount = (sys: FreeBsdSys): string =>
      code(() => {
        sys.nmount({ fstype: "tmpfs", fspath: "/mnt" });
      });
    expect(inJail(mount)).toBe("EPERM");
    expect(inJail(mount, "allow.mount=true allow.mount.tmpfs=true")).toBe("EPERM");
    expect(inJail(mount, "allow.mount=true allow.mount.tmpfs=true enforce_statfs=1")).toBe("ok");
    expect(inJail(mount, "allow.mount=true enforce_statfs=1")).toBe("EPERM");
  });

  test("securelevel binds even root, and is only raised", () => {
    const seen = inJail(
      (sys) => [
        code(() => {
          sys.chflags("/etc/hostname", true);
        }),
        code(() => {
          sys.chflags("/etc/hostname", false);
        }),
        code(() => sys.__sysctl("kern.securelevel", 0)),
        code(() => sys.__sysctl("kern.securelevel", 2)),
      ],
      "allow.chflags=true securelevel=1",
    );
    expect(seen).toEqual(["ok", "EPERM", "EPERM", "ok"]);
  });

  test("makes child jails where children.max lets it, with no more than it has itself", () => {
    const child = (sys: FreeBsdSys, more: Readonly<Record<string, string | boolean | number>> = {}): string =>
      code(() => sys.jail_set({ name: "inner", path: "/tmp", persist: true, ...more }, { create: true }));
    expect(inJail((sys) => child(sys))).toBe("EPERM");
    expect(inJail((sys) => child(sys), "children.max=2")).toBe("ok");
    expect(inJail((sys) => child(sys, { "allow.raw_sockets": true }), "children.max=2")).toBe("EPERM");
    expect(inJail((sys) => child(sys, { "ip4.addr": "192.0.2.10" }), "children.max=2")).toBe("EPERM");
    expect(inJail((sys) => child(sys, { "children.max": 2 }), "children.max=2")).toBe("EPERM");
    expect(
      inJail((sys) => [child(sys), sys.jail_get("inner")["name"], sys.jail_get("inner")["path"]], "children.max=1"),
    ).toEqual(["ok", "probe.inner", "/jails/probe/tmp"]);
  });

  test("rctl's maxproc holds for a jail, and only the host sets it", () => {
    const kernel = booted();
    const forks = (sys: FreeBsdSys): string[] => [1, 2, 3].map(() => code(() => sys.fork(() => "stays")));
    kernel.makeTree("/jails/p", "p");
    kernel.command("jail -c name=p path=/jails/p persist");
    kernel.runAs((sys) => (sys.rctl_add_rule("p", 2), 0));
    const seen: unknown[] = [];
    kernel.runAs((sys) => {
      sys.jail_attach(1);
      seen.push(
        forks(sys),
        code(() => {
          sys.rctl_add_rule("p", 100);
        }),
      );
      return 0;
    });
    expect(seen).toEqual([["ok", "EAGAIN", "EAGAIN"], "EPERM"]);
  });
});

describe("escaping", () => {
  /** Tries every way out, each in a kernel of its own. */
  function attempts(confine: "chroot" | "jail" | "jexec"): Record<string, string> {
    const results: Record<string, string> = {};
    for (const attempt of escapeAttempts) {
      const kernel = new FreeBsdKernel();
      kernel.makeTree("/jails/box", "box");
      const secret = "the host's own";
      kernel.runAs(
        (sys) => (sys.write(sys.open("/etc/secret", { write: true, create: true }), secret), sys.shmget(42, secret), 0),
      );
      let victim = 0;
      kernel.runAs((sys) => {
        victim = sys.fork((child) => (child.remember(secret), "stays"));
        return 0;
      });
      let leaked: number | undefined;
      kernel.install({
        name: "attack",
        main(sys) {
          const target: EscapeTarget = { file: "etc/secret", secret, pid: victim, leaked };
          results[attempt.name] = tryEscape(sys, attempt, target);
          return 0;
        },
      });
      kernel.makeTree("/jails/box", "box", confine === "chroot" ? undefined : 4);
      kernel.runAs((sys) => {
        leaked = sys.open("/");
        if (confine === "chroot") {
          sys.chroot("/jails/box");
          sys.chdir("/");
          return sys.execve("/usr/sbin/attack", ["attack"]);
        }
        if (confine === "jail")
          return sys.execve(
            "/usr/sbin/jail",
            "jail -c name=box path=/jails/box ip4.addr=192.0.2.11 command=/usr/sbin/attack".split(" "),
          );
        sys.jail_set({ name: "box", path: "/jails/box", persist: true }, { create: true });
        return sys.execve("/usr/sbin/jexec", ["jexec", "box", "/usr/sbin/attack"]);
      });
    }
    return results;
  }

  test("every way out is refused in a jail, each by its mechanism", () => {
    expect(attempts("jail")).toEqual({
      "a path full of ..": "ENOENT",
      "fchdir to a directory that was opened before": "EBADF",
      "chroot below, fchdir back, then ..": "EPERM",
      "ptrace a process of the host": "ESRCH",
      "kill a process of the host": "ESRCH",
      "mount devfs, read the disk": "EPERM",
      "open the disk in /dev": "ENOENT",
      "make a device node": "EPERM",
      "open a raw socket": "EPERM",
      "take the host's address": "EADDRNOTAVAIL",
      "load a kernel module": "EPERM",
      "set the clock": "EPERM",
      "change a setting of the kernel": "EPERM",
      "read the host's shared memory": "ENOSYS",
      reboot: "EPERM",
    });
  });

  test("a bare chroot(2) holds paths, and hardly anything else", () => {
    const seen = attempts("chroot");
    const held = Object.entries(seen).filter(([, result]) => result !== "out");
    // FreeBSD's chroot(2) has the guard against the second root, too; /dev is empty, but devfs can be mounted.
    expect(Object.fromEntries(held)).toEqual({
      "a path full of ..": "ENOENT",
      "chroot below, fchdir back, then ..": "EPERM",
      "open the disk in /dev": "ENOENT",
    });
    expect(Object.values(seen).filter((result) => result === "out").length).toBe(escapeAttempts.length - 3);
  });

  test("jexec(8) leaves descriptors open, and one of the host's leads out of a jail", () => {
    const seen = attempts("jexec");
    expect(seen["fchdir to a directory that was opened before"]).toBe("out");
    expect(Object.values(seen).filter((result) => result === "out").length).toBeLessThanOrEqual(2);
  });

  test("without chroot's guard .. still ends at the prison's root", () => {
    const out = (jailed: boolean): string => {
      const kernel = booted();
      kernel.chrootAllowOpenDirectories = 2;
      kernel.runAs((sys) => (sys.write(sys.open("/etc/secret", { write: true, create: true }), "x"), 0));
      let result = "";
      kernel.runAs((sys) => {
        const host = sys.open("/jails");
        if (jailed) sys.jail_set({ name: "j", path: "/jails/web", persist: true }, { create: true, attach: true });
        else sys.chroot("/jails/web");
        const inside = sys.open("/");
        sys.mkdir("/tmp/deep");
        sys.chroot("/tmp/deep");
        sys.fchdir(inside);
        result = code(() => sys.open("../../etc/secret"));
        sys.fchdir(host);
        result += ` ${code(() => sys.open("../etc/secret"))}`;
        return 0;
      });
      return result;
    };
    // A descriptor from outside passes both; one of the jail's own root passes neither.
    expect(out(true)).toBe("ENOENT ok");
    expect(out(false)).toBe("ENOENT ok");
  });
});

test("the table names every call with its number, once", () => {
  const rows = freeBsdCallTable();
  expect(new Set(rows.map(({ number }) => number)).size).toBe(rows.length);
  expect(rows.find(({ name }) => name === "jail_set")).toMatchObject({ number: 507, fidelity: "partial" });
  expect(rows.find(({ name }) => name === "jail_attach")).toMatchObject({ number: 436, fidelity: "full" });
});

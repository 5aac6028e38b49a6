import { UsageError } from "../../core/index.js";
import { BsdError } from "./errno.js";
import { kernelParameter, parseJailConf } from "./jail-conf.js";
import type { Parameters } from "./prison.js";
import type { BsdProgram, FreeBsdSys } from "./table.js";

const say = (sys: FreeBsdSys, text: string): number => sys.write(1, text);
const complain = (sys: FreeBsdSys, text: string): number => {
  sys.write(2, text);
  return 1;
};

/** Runs a command line in a jail, or on the host where none is named: jail(8) leaves it no descriptor beyond the standard ones. */
function runIn(sys: FreeBsdSys, jid: number | undefined, words: readonly string[], close: boolean): number {
  const way = { attached: true };
  const pid = sys.fork((child) => {
    if (jid !== undefined)
      try {
        child.jail_attach(jid);
      } catch (error) {
        way.attached = false;
        throw error;
      }
    if (close) child.closefrom(3);
    return child.execve(words[0] ?? "", words);
  });
  const ended = sys.wait4(pid);
  return !way.attached || (ended !== undefined && (!("exited" in ended) || ended.exited !== 0)) ? 1 : 0;
}

const words = (line: string): string[] => line.split(/\s+/).filter((word) => word !== "");

/** What jail(8) does itself, and doesn't hand to the kernel. */
const pseudo = [
  "exec.start",
  "exec.stop",
  "exec.prestart",
  "exec.poststop",
  "exec.clean",
  "command",
  "mount.devfs",
  "interface",
];

function create(sys: FreeBsdSys, name: string, given: Readonly<Record<string, readonly string[]>>): number {
  const kernel: Parameters = Object.fromEntries([
    ["name", name],
    ...Object.entries(given)
      .filter(([key]) => !pseudo.includes(key))
      .map(([key, values]) => kernelParameter(key, values)),
  ]);
  const path = String(kernel["path"] ?? "/");
  for (const line of given["exec.prestart"] ?? []) if (runIn(sys, undefined, words(line), false) !== 0) return 1;
  const [device] = given["interface"] ?? [];
  const addresses = kernel["ip4.addr"];
  if (device !== undefined && typeof addresses === "object") {
    const there = sys.getifaddrs().flatMap((one) => one.addresses);
    for (const address of addresses) if (!there.includes(address)) sys.ifaddr(device, address);
  }
  // It persists until something runs in it.
  const jid = sys.jail_set({ ...kernel, persist: true }, { create: true });
  // By the host, with the jail's ruleset: the jail can't change what it shows.
  if (given["mount.devfs"] !== undefined)
    sys.nmount({ fstype: "devfs", fspath: `${path}/dev`, ruleset: Number(kernel["devfs_ruleset"] ?? 4) });
  const lines = [
    ...(given["exec.start"] ?? []),
    ...(given["command"] === undefined ? [] : [given["command"].join(" ")]),
  ];
  let failed = 0;
  for (const line of lines) failed ||= runIn(sys, jid, words(line), true);
  if (failed !== 0) {
    sys.jail_remove(jid);
    return complain(sys, `jail: ${name}: ${lines.join("; ")}: failed\n`);
  }
  if (kernel["persist"] !== true && sys.jail_list().includes(String(jid))) {
    const inside = sys.procs().some((one) => one.jid === jid);
    if (!inside) sys.jail_remove(jid);
    else sys.jail_set({ jid, persist: false }, { update: true });
  }
  say(sys, `${name}: created\n`);
  return 0;
}

/** jail(8): `jail -c [-f FILE] NAME`, `jail -c name=… path=… command=…`, `-m`, `-r`. */
const jail: BsdProgram = {
  name: "jail",
  main(sys, argv) {
    const rest = argv.slice(1);
    const flag = rest.find((one) => /^-[cmr]/.test(one)) ?? "-c";
    const file = rest.includes("-f") ? (rest[rest.indexOf("-f") + 1] ?? "") : "/etc/jail.conf";
    const operands = rest.filter((one, at) => !one.startsWith("-") && rest[at - 1] !== "-f");
    const defined = (): ReturnType<typeof parseJailConf> => {
      try {
        return parseJailConf(decode(sys.read(sys.open(file))));
      } catch (error) {
        if (error instanceof BsdError && error.code === "ENOENT") return [];
        throw error;
      }
    };
    try {
      if (flag === "-r") {
        for (const name of operands) {
          const { jid, path } = sys.jail_get(name);
          const own = defined().find((one) => one.name === name)?.parameters;
          for (const line of own?.["exec.stop"] ?? []) runIn(sys, Number(jid), words(line), true);
          sys.jail_remove(Number(jid));
          if (own?.["mount.devfs"] !== undefined) sys.unmount(`${String(path)}/dev`);
          say(sys, `${name}: removed\n`);
        }
        return 0;
      }
      if (operands.some((one) => one.includes("="))) {
        // What follows "command=" belongs to it.
        const command = operands.findIndex((one) => one.startsWith("command="));
        const settings = command < 0 ? operands : operands.slice(0, command);
        const given: Record<string, readonly string[]> = {};
        for (const one of settings) {
          const [key = "", value] = one.split(/=(.*)/s);
          given[key] = value === undefined ? [] : key === "ip4.addr" ? value.split(",") : [value];
        }
        if (command >= 0) given["command"] = operands.slice(command).map((one) => one.replace(/^command=/, ""));
        const { name: [name] = [(given["path"]?.[0] ?? "jail").split("/").at(-1) ?? "jail"], ...more } = given;
        if (flag !== "-m") return create(sys, name ?? "jail", more);
        const changes = Object.fromEntries(Object.entries(more).map(([key, values]) => kernelParameter(key, values)));
        sys.jail_set({ name: name ?? "", ...changes }, { update: true });
        return 0;
      }
      let status = 0;
      for (const name of operands) {
        const one = defined().find((definition) => definition.name === name);
        if (one === undefined) status = complain(sys, `jail: "${name}" not found in ${file}\n`);
        else status ||= create(sys, name, one.parameters);
      }
      return status;
    } catch (error) {
      if (error instanceof BsdError) return complain(sys, `jail: ${error.message}\n`);
      if (error instanceof UsageError) return complain(sys, `jail: ${error.message}\n${error.hint}\n`);
      throw error;
    }
  },
};

const decode = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** jls(8). */
const jls: BsdProgram = {
  name: "jls",
  main(sys, argv) {
    const names = argv.slice(1).filter((one) => !one.startsWith("-"));
    const all = sys.jail_list().map((jid) => sys.jail_get(jid));
    if (names.length > 0) {
      for (const one of all) say(sys, `${names.map((name) => String(one[name] ?? "-")).join(" ")}\n`);
      return 0;
    }
    say(sys, "   JID  IP Address      Hostname                      Path\n");
    for (const one of all) {
      const [first = "-"] = one["ip4.addr"] as readonly string[];
      const host = String(one["host.hostname"]);
      say(sys, `${String(one["jid"]).padStart(6)}  ${first.padEnd(15)} ${host.padEnd(29)} ${String(one["path"])}\n`);
    }
    return 0;
  },
};

/** jexec(8): unlike jail(8) it leaves the command every descriptor that it had itself. */
const jexec: BsdProgram = {
  name: "jexec",
  main(sys, argv) {
    const [, name = "", ...command] = argv;
    try {
      return runIn(sys, Number(sys.jail_get(name)["jid"]), command, false);
    } catch (error) {
      if (error instanceof BsdError) return complain(sys, `jexec: ${error.message}\n`);
      throw error;
    }
  },
};

const ps: BsdProgram = {
  name: "ps",
  main(sys) {
    say(sys, "  PID  UID  JID COMMAND\n");
    for (const { pid, uid, jid, command } of sys.procs())
      say(sys, `${String(pid).padStart(5)}${String(uid).padStart(5)}${String(jid).padStart(5)} ${command}\n`);
    return 0;
  },
};

const hostname: BsdProgram = {
  name: "hostname",
  main(sys, argv) {
    say(sys, `${String(sys.__sysctl("kern.hostname", argv[1]))}\n`);
    return 0;
  },
};

/** A daemon that waits for connections at its first argument's port, and for signals. */
const httpd: BsdProgram = {
  name: "httpd",
  main(sys, argv) {
    const socket = sys.socket("AF_INET", "SOCK_STREAM");
    sys.bind(socket, "0.0.0.0", Number(argv[1] ?? 80));
    sys.listen(socket);
    sys.remember(`${sys.uname().nodename}: a session's key`);
    return "stays";
  },
};

export const programs: readonly BsdProgram[] = [jail, jls, jexec, ps, hostname, httpd];

import { UsageError, type Activity } from "../../core/index.js";
import { describeStatus, type Kernel, type Sys } from "../../os/index.js";
import { Failure, program, type Command, type Invocation } from "../../userland/index.js";
import { systemctl, systemd } from "../init/index.js";
import { readText } from "../runtime/files.js";
import { installPackage } from "../runtime/package.js";
import {
  defineDomain,
  dumpDomain,
  endDomain,
  enterDomain,
  freezeDomain,
  listDomains,
  startDomain,
  stateOf,
  undefineDomain,
} from "./driver.js";

function list(
  it: Invocation,
  rows: readonly { readonly id: number | undefined; readonly name: string; readonly state: string }[],
): number {
  const shown = rows.filter(({ id }) => it.has("all") || id !== undefined);
  const width = Math.max(6, ...shown.map(({ name }) => name.length + 3));
  it.out.put(` Id   ${"Name".padEnd(width)}State\n${"-".repeat(width + 14)}\n`);
  for (const { id, name, state } of shown) it.out.put(` ${String(id ?? "-").padEnd(5)}${name.padEnd(width)}${state}\n`);
  it.out.put("\n");
  return 0;
}

function* run(it: Invocation): Activity<number> {
  const uri = it.value("c") ?? "lxc:///system";
  if (!/^lxc:\/\/\//.test(uri))
    throw new UsageError(`no connection driver available for ${uri}`, "Of libvirt's drivers lxc:///system is here.");
  const [verb = "", name = "", ...words] = it.operands;
  const { sys } = it;
  const say = (text: string): number => {
    it.out.put(`${text}\n\n`);
    return 0;
  };
  if (verb !== "list" && name === "")
    throw new UsageError(`command '${verb}' requires a domain`, "Write its name behind.");
  switch (verb) {
    case "list":
      return list(it, yield* listDomains(sys));
    case "define":
      return say(`Domain '${yield* defineDomain(sys, yield* readText(sys, name))}' defined from ${name}`);
    case "undefine":
      yield* undefineDomain(sys, name);
      return say(`Domain '${name}' has been undefined`);
    case "start":
      yield* startDomain(sys, name);
      return say(`Domain '${name}' started`);
    case "destroy":
      yield* endDomain(sys, name, verb);
      return say(`Domain '${name}' destroyed`);
    case "shutdown":
      yield* endDomain(sys, name, verb);
      return say(`Domain '${name}' is being shutdown`);
    case "suspend":
    case "resume":
      yield* freezeDomain(sys, name, verb === "suspend");
      return say(`Domain '${name}' ${verb}${verb === "resume" ? "d" : "ed"}`);
    case "domstate":
      return say(yield* stateOf(sys, name));
    case "dumpxml":
      it.out.put(yield* dumpDomain(sys, name));
      return 0;
    case "lxc-enter-namespace": {
      const pid = yield* enterDomain(sys, name, words[0] === "--" ? words.slice(1) : words);
      const how = describeStatus((yield* sys.wait4(pid))?.status ?? 0);
      return "exited" in how ? how.exited : 128 + how.signal;
    }
    default:
      throw new UsageError(`unknown command: '${verb}'`, "See drvlxc: define, start, list, dumpxml, destroy …");
  }
}

const virsh: Command = {
  name: "virsh",
  usage: ["[OPTION]... COMMAND [ARGUMENT]..."],
  about: "Manage domains of libvirt's LXC driver.",
  options: [
    { short: "c", long: "connect", argument: "URI", help: "hypervisor connection URI" },
    { long: "all", help: "list inactive domains, too" },
  ],
  *run(it) {
    try {
      return yield* run(it);
    } catch (error) {
      if (error instanceof UsageError) throw new Failure(`error: ${error.message}\n${error.hint}`);
      throw error;
    }
  },
};

/** Installs virsh with the LXC driver on a running kernel. */
export function* installLibvirt(sys: Sys, kernel: Kernel): Activity<undefined> {
  for (const one of [program(virsh), systemd, systemctl]) kernel.install(one);
  return yield* installPackage(sys, { programs: ["/usr/bin/virsh"], files: {}, directories: ["/etc/libvirt/lxc"] });
}

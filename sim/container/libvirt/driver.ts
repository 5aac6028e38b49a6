import { encodeUtf8, UsageError, type Activity } from "../../core/index.js";
import { attempt, CLONE_NEWNS, Errno, MS_PRIVATE, MS_REC, O_RDWR, PR_SET_NAME, type Sys } from "../../os/index.js";
import { textOf } from "../../net/index.js";
import type { ProcessSpec } from "../bundle/spec.js";
import { ask, inNamespace, randomHex } from "../network/sandbox.js";
import { bearContainer, enterContainer } from "../runtime/birth.js";
import { cgroupDirectory, limitCgroup, makeCgroup, removeCgroup } from "../runtime/cgroup.js";
import { listDirectory, makeDirectories, readText, readTextIfThere, writeText } from "../runtime/files.js";
import { parseDomain, type Domain } from "./domain.js";
import { formatXml } from "./xml.js";

const defined = "/etc/libvirt/lxc";
const running = "/run/libvirt/lxc";

export type DomainState = "running" | "paused" | "shut off";

/** What `virsh list` tells of a domain; its id is its first process's pid, as the driver has it. */
export interface DomainRow {
  readonly id: number | undefined;
  readonly name: string;
  readonly state: DomainState;
}

/** @throws UsageError for one that isn't defined */
function* domainOf(sys: Sys, name: string): Activity<Domain> {
  const text = yield* readTextIfThere(sys, `${defined}/${name}.xml`);
  if (text === undefined)
    throw new UsageError(`failed to get domain '${name}'`, "virsh list --all shows those that are defined.");
  return parseDomain(text);
}

/** Keeps a domain's definition. @returns its name */
export function* defineDomain(sys: Sys, text: string): Activity<string> {
  const { name, xml } = parseDomain(text);
  yield* makeDirectories(sys, defined);
  yield* writeText(sys, `${defined}/${name}.xml`, formatXml(xml), true);
  return name;
}

export function* undefineDomain(sys: Sys, name: string): Activity<undefined> {
  yield* domainOf(sys, name);
  if ((yield* initOf(sys, name)) !== undefined)
    throw new UsageError(
      "Requested operation is not valid: cannot undefine active domain",
      `Destroy it first: virsh destroy ${name}.`,
    );
  return yield* sys.unlink(`${defined}/${name}.xml`);
}

/** Its first process, where it runs. */
function* initOf(sys: Sys, name: string): Activity<number | undefined> {
  const text = yield* readTextIfThere(sys, `${running}/${name}.pid`);
  return text === undefined ? undefined : Number(text);
}

function* demandInit(sys: Sys, name: string): Activity<number> {
  yield* domainOf(sys, name);
  const init = yield* initOf(sys, name);
  if (init === undefined)
    throw new UsageError("Requested operation is not valid: domain is not running", `Start it: virsh start ${name}.`);
  return init;
}

export function* stateOf(sys: Sys, name: string): Activity<DomainState> {
  if ((yield* initOf(sys, name)) === undefined) return "shut off";
  const { group } = yield* domainOf(sys, name);
  const events = (yield* readTextIfThere(sys, `${cgroupDirectory(group)}/cgroup.events`)) ?? "";
  return events.includes("frozen 1") ? "paused" : "running";
}

export function* listDomains(sys: Sys): Activity<DomainRow[]> {
  const names = yield* attempt(listDirectory(sys, defined));
  const rows: DomainRow[] = [];
  for (const file of names instanceof Errno ? [] : names.sort()) {
    const name = file.replace(/\.xml$/, "");
    rows.push({ id: yield* initOf(sys, name), name, state: yield* stateOf(sys, name) });
  }
  return rows;
}

/** Plugs a domain's interfaces into their bridges. */
function* plug(sys: Sys, pid: number, { interfaces }: Domain): Activity<undefined> {
  for (const [number, { bridge, mac, device, address }] of interfaces.entries()) {
    const name = device ?? `eth${number}`;
    const outer = `vnet${yield* randomHex(sys, 4)}`;
    yield* ask(
      sys,
      { type: "RTM_NEWLINK", name: outer, kind: "veth", peer: name, peerNet: { pid } },
      { type: "RTM_SETLINK", name: outer, set: { master: bridge, up: true } },
    );
    yield* inNamespace(sys, pid, function* () {
      if (mac !== undefined) yield* ask(sys, { type: "RTM_SETLINK", name, set: { address: mac } });
      if (address !== undefined) yield* ask(sys, { type: "RTM_NEWADDR", name, address });
      return yield* ask(sys, { type: "RTM_SETLINK", name, set: { up: true } });
    });
  }
  return undefined;
}

/** The controller's life: starts the domain, waits for its end, takes away what is left of it. */
function* control(sys: Sys, domain: Domain, report: number): Activity<number> {
  const { name, spec, group } = domain;
  try {
    yield* attempt(sys.setsid());
    yield* sys.prctl(PR_SET_NAME, "libvirt_lxc");
    yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
    const nowhere = yield* sys.open("/dev/null", O_RDWR);
    for (const fd of [0, 1, 2]) yield* sys.dup2(nowhere, fd);
    yield* sys.unshare(CLONE_NEWNS);
    yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
    yield* makeCgroup(sys, group);
    yield* limitCgroup(sys, group, spec.linux.resources ?? {});
    const { pid } = yield* bearContainer(sys, {
      spec,
      rootfs: spec.root.path,
      cgroup: group,
      state: (of) => ({ ociVersion: spec.ociVersion, id: name, status: "creating", pid: of, bundle: defined }),
      join: (of) => plug(sys, of, domain),
    });
    yield* makeDirectories(sys, running);
    yield* writeText(sys, `${running}/${name}.pid`, String(pid), true);
    yield* sys.write(report, encodeUtf8("started"));
    yield* sys.close(report);
    yield* sys.wait4(pid);
    return 0;
  } catch (error) {
    yield* attempt(sys.write(report, encodeUtf8(error instanceof Error ? error.message : String(error))));
    return 1;
  } finally {
    yield* attempt(writeText(sys, `${cgroupDirectory(group)}/cgroup.kill`, "1"));
    yield* attempt(removeCgroup(sys, group));
    yield* attempt(sys.unlink(`${running}/${name}.pid`));
  }
}

/** Starts a defined domain. @throws UsageError for one that runs, and with what went wrong */
export function* startDomain(sys: Sys, name: string): Activity<undefined> {
  const domain = yield* domainOf(sys, name);
  if ((yield* initOf(sys, name)) !== undefined)
    throw new UsageError("Domain is already active", `virsh destroy ${name} ends it.`);
  const [reader, writer] = yield* sys.pipe2();
  yield* sys.clone(function* (child) {
    yield* child.close(reader);
    return yield* control(child, domain, writer);
  });
  yield* sys.close(writer);
  const said = textOf(yield* sys.read(reader, 4096));
  yield* sys.close(reader);
  if (said !== "started")
    throw new UsageError(`Failed to start domain '${name}': ${said}`, "Look at its XML: virsh dumpxml.");
  return undefined;
}

/** Ends a domain: by force, or by a wish that an init hears. */
export function* endDomain(sys: Sys, name: string, how: "destroy" | "shutdown"): Activity<undefined> {
  const init = yield* demandInit(sys, name);
  // An init that is a systemd powers off at SIGRTMIN+4; libvirt writes to /dev/initctl, which that one reads, too.
  return yield* sys.kill(init, how === "destroy" ? "SIGKILL" : 38);
}

export function* freezeDomain(sys: Sys, name: string, frozen: boolean): Activity<undefined> {
  yield* demandInit(sys, name);
  const { group } = yield* domainOf(sys, name);
  return yield* writeText(sys, `${cgroupDirectory(group)}/cgroup.freeze`, frozen ? "1" : "0");
}

/** `virsh lxc-enter-namespace`. @returns the command's pid */
export function* enterDomain(sys: Sys, name: string, args: readonly string[]): Activity<number> {
  const pid = yield* demandInit(sys, name);
  const { spec, group } = yield* domainOf(sys, name);
  const process: ProcessSpec = { ...spec.process, args };
  const cgroup = `${group}/entered`;
  yield* makeDirectories(sys, cgroupDirectory(cgroup));
  return (yield* enterContainer(sys, { spec, pid, cgroup }, process)).pid;
}

/** The definition as it is kept; of a domain that runs with its id. */
export function* dumpDomain(sys: Sys, name: string): Activity<string> {
  yield* domainOf(sys, name);
  const id = yield* initOf(sys, name);
  const text = yield* readText(sys, `${defined}/${name}.xml`);
  return id === undefined ? text : text.replace("<domain type='lxc'", `<domain type='lxc' id='${id}'`);
}

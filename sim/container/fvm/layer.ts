import { UsageError } from "../../core/index.js";
import type { NtCall, NtKernel, NtProcess, NtSys } from "./kernel.js";
import { fail, NtError, NtObject } from "./object.js";

/** Where names are that a VM has versions of its own of, and where those are put. */
const namespaces = [
  { prefix: "\\??\\C:", workspace: "\\??\\C:\\fvms", copied: true, above: "Directory" },
  { prefix: "\\Registry", workspace: "\\Registry\\fvms", copied: true, above: "Key" },
  // What processes talk by is never the host's: it isn't copied, and not read through.
  { prefix: "\\BaseNamedObjects", workspace: "\\BaseNamedObjects\\fvms", copied: false, above: "Directory" },
] as const;

type Namespace = (typeof namespaces)[number];

/** Ports of the host's daemons that a VM's processes may not be without: the local procedure calls of the session manager. */
const sharedPorts: readonly string[] = ["\\BaseNamedObjects\\SmApiPort"];

interface VmLimits {
  readonly processes: number;
}

/** A virtual machine. */
export interface VirtualMachine {
  readonly name: string;
  /** Its address: an alias of the host's card. */
  readonly address: string | undefined;
  readonly limits: VmLimits;
  /** Names that it has deleted. */
  readonly deleted: ReadonlySet<string>;
  readonly pids: ReadonlySet<number>;
}

interface Kept extends VirtualMachine {
  readonly deleted: Set<string>;
  readonly pids: Set<number>;
}

/** What a VM has done to a name. */
export interface Change {
  readonly change: "added" | "changed" | "deleted";
  readonly path: string;
}

const under = (path: string, prefix: string): boolean =>
  path.toLowerCase() === prefix.toLowerCase() || path.toLowerCase().startsWith(`${prefix.toLowerCase()}\\`);

/** Calls with a name as their first argument, and what each does to it. */
const naming: Readonly<Record<string, "open" | "write" | "delete" | "list" | "create">> = {
  NtCreateFile: "open",
  NtWriteFile: "write",
  NtDeleteFile: "delete",
  NtQueryDirectoryFile: "list",
  NtSetValueKey: "write",
  NtQueryValueKey: "open",
  NtDeleteKey: "delete",
  NtCreateObject: "create",
  NtOpenObject: "open",
  NtCreateProcess: "open",
};
const aboutProcess = ["NtOpenProcess", "NtReadVirtualMemory", "NtTerminateProcess"];
/** What can't be given to one VM alone: it would be the whole kernel's. */
const refused = ["NtLoadDriver", "NtSetSystemTime"];

/** The layer: it stands between the calls and the kernel, and renames what processes of VMs call things. */
export class Fvm {
  readonly #kernel: NtKernel;
  readonly #machines = new Map<string, Kept>();

  constructor(kernel: NtKernel) {
    this.#kernel = kernel;
    kernel.interposers.push((call, next) => {
      const vm = this.#of(call.process.pid);
      return vm === undefined ? next(call) : this.#interpose(vm, call, next);
    });
  }

  /** Makes a virtual machine. @throws UsageError for a name or an address that is taken, an address that the host hasn't */
  create(name: string, options: { readonly address?: string; readonly processes?: number } = {}): VirtualMachine {
    if (!/^[\w-]+$/.test(name) || this.#machines.has(name))
      throw new UsageError(`"${name}" can't be a VM's name`, "Take letters, digits and one that is free.");
    const { address } = options;
    if (address !== undefined && !this.#kernel.addresses.includes(address))
      throw new UsageError(`the host has no address ${address}`, `It has ${this.#kernel.addresses.join(", ")}.`);
    const taken = [...this.#machines.values()].find((one) => address !== undefined && one.address === address);
    if (taken !== undefined)
      throw new UsageError(`${address ?? ""} is ${taken.name}'s`, "Give each VM an address of its own.");
    const made: Kept = {
      name,
      address,
      limits: { processes: options.processes ?? Infinity },
      deleted: new Set(),
      pids: new Set(),
    };
    this.#machines.set(name, made);
    return made;
  }

  machines(): readonly VirtualMachine[] {
    return [...this.#machines.values()];
  }

  /** Starts a process in a VM: its children are in it, too. */
  start(name: string, image = "\\??\\C:\\Windows\\app.exe"): NtSys {
    const vm = this.#demand(name);
    const process = this.#kernel.spawn(image, 4);
    vm.pids.add(process.pid);
    return this.#kernel.sys(process);
  }

  /** What a VM has changed of the host's files and registry. */
  changes(name: string): readonly Change[] {
    const vm = this.#demand(name);
    const { objects } = this.#kernel;
    const kept = namespaces.flatMap((space) =>
      space.copied
        ? objects
            .below(`${space.workspace}\\${name}`)
            .filter(({ object }) => object.type !== "Directory" && (object.type !== "Key" || object.text !== ""))
            .map(({ path }): Change => {
              const host = space.prefix + path;
              return { change: objects.find(host) === undefined ? "added" : "changed", path: host };
            })
        : [],
    );
    const hidden = [...vm.deleted].filter(
      (path) => this.#own(vm, path) === undefined || objects.find(this.#own(vm, path) ?? "") === undefined,
    );
    return [...kept, ...hidden.map((path): Change => ({ change: "deleted", path }))];
  }

  /** Makes a VM's changes the host's, and its workspace empty. @returns what they were */
  commit(name: string): readonly Change[] {
    const vm = this.#demand(name);
    const changes = this.changes(name);
    const { objects } = this.#kernel;
    for (const { change, path } of changes) {
      const own = objects.find(this.#own(vm, path) ?? "");
      if (change === "deleted") {
        if (objects.find(path) !== undefined) objects.delete(path);
      } else if (own !== undefined) {
        const host = objects.find(path);
        if (host === undefined) objects.create(path, new NtObject(own.type, own.text), this.#space(path)?.above);
        else host.text = own.text;
      }
    }
    this.#empty(vm);
    return changes;
  }

  /** Ends a VM's processes and forgets what it has changed. */
  remove(name: string): void {
    const vm = this.#demand(name);
    for (const pid of vm.pids) this.#kernel.processes.delete(pid);
    this.#empty(vm);
    this.#machines.delete(name);
  }

  #empty(vm: Kept): void {
    for (const { workspace } of namespaces) {
      const directory = this.#kernel.objects.find(workspace);
      directory?.entries.delete(vm.name.toLowerCase());
    }
    vm.deleted.clear();
  }

  #demand(name: string): Kept {
    const vm = this.#machines.get(name);
    if (vm === undefined)
      throw new UsageError(`there is no VM "${name}"`, `There are ${[...this.#machines.keys()].join(", ") || "none"}.`);
    return vm;
  }

  #of(pid: number): Kept | undefined {
    return [...this.#machines.values()].find(({ pids }) => pids.has(pid));
  }

  #space(path: string): Namespace | undefined {
    return namespaces.find(({ prefix }) => under(path, prefix));
  }

  /** The name in the workspace. */
  #own(vm: Kept, path: string): string | undefined {
    const space = this.#space(path);
    return space === undefined ? undefined : `${space.workspace}\\${vm.name}${path.slice(space.prefix.length)}`;
  }

  #interpose(vm: Kept, call: NtCall, next: (call: NtCall) => unknown): unknown {
    const { name, args, process } = call;
    const [first] = args;
    if (refused.includes(name)) fail("STATUS_ACCESS_DENIED");
    if (aboutProcess.includes(name) && !vm.pids.has(Number(first))) fail("STATUS_INVALID_CID");
    if (name === "NtQuerySystemInformation") {
      const all = next(call) as readonly NtProcess[];
      return all.filter(({ pid }) => vm.pids.has(pid));
    }
    if (name === "NtUserFindWindow" || name === "NtUserPostMessage") {
      const mine = this.#kernel.windows.some((one) => one.title === first && vm.pids.has(one.owner));
      if (!mine) fail("STATUS_OBJECT_NAME_NOT_FOUND");
      return next(call);
    }
    if (name === "bind") return next({ ...call, args: [this.#address(vm, String(first)), ...args.slice(1)] });
    if (name === "GetAdaptersAddresses") return vm.address === undefined ? [] : [vm.address];
    if (name === "NtQueryComputerName")
      return this.#kernel.sys(process).NtQueryValueKey("\\Registry\\Machine\\System\\ComputerName");
    if (name === "StartService") return this.#startService(vm, process, String(first));
    const act = naming[name];
    if (act === undefined) return next(call);
    if (name === "NtCreateProcess") {
      if (vm.pids.size >= vm.limits.processes) fail("STATUS_QUOTA_EXCEEDED");
      const pid = next({ ...call, args: [this.#read(vm, String(first)), ...args.slice(1)] }) as number;
      vm.pids.add(pid);
      return pid;
    }
    return this.#rename(vm, call, next, act);
  }

  /** "Any" address is the VM's own, and others aren't its. */
  #address(vm: Kept, asked: string): string {
    if (vm.address === undefined || (asked !== "0.0.0.0" && asked !== vm.address))
      fail("STATUS_INVALID_ADDRESS_COMPONENT");
    return vm.address;
  }

  /** A daemon that a VM starts runs in the VM. */
  #startService(vm: Kept, process: NtProcess, name: string): number {
    const image = this.#kernel.sys(process).NtQueryValueKey(`\\Registry\\Machine\\System\\Services\\${name}`);
    const { pid } = this.#kernel.spawn(image, process.pid);
    vm.pids.add(pid);
    return pid;
  }

  /** The name under which an object is to be read: the VM's own version, or the host's where it has none. */
  #read(vm: Kept, path: string): string {
    const space = this.#space(path);
    const own = this.#own(vm, path);
    if (space === undefined || own === undefined) return path;
    if (under(path, space.workspace)) fail("STATUS_OBJECT_NAME_NOT_FOUND");
    if (this.#kernel.objects.find(own) !== undefined) return own;
    if (sharedPorts.includes(path)) return path;
    if (!space.copied || this.#isDeleted(vm, path)) return own;
    return path;
  }

  #isDeleted(vm: Kept, path: string): boolean {
    return [...vm.deleted].some((gone) => under(path, gone));
  }

  #rename(
    vm: Kept,
    call: NtCall,
    next: (call: NtCall) => unknown,
    act: "open" | "write" | "delete" | "list" | "create",
  ): unknown {
    const [first, ...rest] = call.args;
    const path = String(first);
    const { objects } = this.#kernel;
    const space = this.#space(path);
    const own = this.#own(vm, path);
    // Devices are nobody's names: only what does no harm may be opened.
    if (space === undefined || own === undefined) {
      if (under(path, "\\Device")) fail("STATUS_ACCESS_DENIED");
      return next(call);
    }
    const to = (name: string): unknown => next({ ...call, args: [name, ...rest] });
    const seen = this.#read(vm, path);
    const writes = act === "write" || act === "create" || (act === "open" && rest[0] === "write");
    if (act === "list") return this.#list(vm, path);
    if (act === "delete") {
      if (objects.find(seen) === undefined) fail("STATUS_OBJECT_NAME_NOT_FOUND");
      if (objects.find(own) !== undefined) objects.delete(own);
      if (objects.find(path) !== undefined) vm.deleted.add(path);
      return undefined;
    }
    if (!writes) return to(seen);
    // Copy on write: what the VM sees of it so far is what its own version begins as.
    const before = seen === own ? undefined : objects.find(seen);
    if (objects.find(own) === undefined) {
      const parent = own.slice(0, own.lastIndexOf("\\"));
      const hostParent = path.slice(0, path.lastIndexOf("\\"));
      if (objects.find(parent) === undefined) {
        if (space.copied && objects.find(hostParent) === undefined && call.name === "NtCreateFile")
          fail("STATUS_OBJECT_NAME_NOT_FOUND");
        objects.create(parent, new NtObject(space.above), space.above);
      }
      if (before !== undefined) objects.create(own, new NtObject(before.type, before.text));
    }
    return to(own);
  }

  /** A directory as the VM has it: its own names and the host's, without what it deleted and without the workspaces. */
  #list(vm: Kept, path: string): readonly string[] {
    const { objects } = this.#kernel;
    const space = this.#space(path);
    const own = this.#own(vm, path) ?? path;
    const mine = objects.find(own) === undefined ? [] : objects.names(own);
    const host =
      space?.copied === true && objects.find(path) !== undefined && !this.#isDeleted(vm, path)
        ? objects.names(path)
        : [];
    if (objects.find(own) === undefined && objects.find(path) === undefined)
      throw new NtError("STATUS_OBJECT_NAME_NOT_FOUND");
    const shown = host.filter(
      (name) =>
        !this.#isDeleted(vm, `${path}\\${name}`) && `${path}\\${name}`.toLowerCase() !== space?.workspace.toLowerCase(),
    );
    return [...new Set([...mine, ...shown])].sort();
  }
}

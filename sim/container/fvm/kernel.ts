import { fail, NtObject, ObjectNamespace, type ObjectType } from "./object.js";

/** A process: its VM is none of the kernel's business; FVM keeps it. */
export interface NtProcess {
  readonly pid: number;
  readonly image: string;
  readonly parent: number;
  memory: string;
}

interface Window {
  readonly title: string;
  readonly owner: number;
  readonly messages: string[];
}

/** A call on its way: FVM changes its arguments, refuses it, or lets it pass. */
export interface NtCall {
  readonly process: NtProcess;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type NtInterposer = (call: NtCall, next: (call: NtCall) => unknown) => unknown;

/** A file's or key's access: "write" is also what makes FVM copy. */
type Access = "read" | "write";

const textual: readonly ObjectType[] = ["File", "Key", "Section"];

/** The handlers, by the names of NT's calls; windows and sockets by those of win32k and Winsock. */
const handlers = {
  /** Opens, or creates with `create`. @returns what is in it */
  NtCreateFile(kernel: NtKernel, _process: NtProcess, path: string, access: Access, create = false): string {
    const there = kernel.objects.find(path);
    if (there === undefined) {
      if (!create || access === "read") fail("STATUS_OBJECT_NAME_NOT_FOUND");
      return kernel.objects.create(path, new NtObject("File")).text;
    }
    if (there.type === "Device" && access === "write") return "";
    if (!textual.includes(there.type) && there.type !== "Device") fail("STATUS_OBJECT_TYPE_MISMATCH");
    return there.text;
  },
  NtWriteFile(kernel: NtKernel, _process: NtProcess, path: string, text: string): void {
    const object = kernel.objects.demand(path);
    if (object.type === "Device") kernel.rawWrites.push(text);
    else if (object.type === "File") object.text = text;
    else fail("STATUS_OBJECT_TYPE_MISMATCH");
  },
  NtDeleteFile(kernel: NtKernel, _process: NtProcess, path: string): void {
    kernel.objects.delete(path);
  },
  NtQueryDirectoryFile(kernel: NtKernel, _process: NtProcess, path: string): readonly string[] {
    return kernel.objects.names(path);
  },
  NtSetValueKey(kernel: NtKernel, _process: NtProcess, path: string, text: string): void {
    const there = kernel.objects.find(path);
    if (there === undefined) kernel.objects.create(path, new NtObject("Key", text), "Key");
    else there.text = text;
  },
  NtQueryValueKey(kernel: NtKernel, _process: NtProcess, path: string): string {
    return kernel.objects.demand(path).text;
  },
  NtDeleteKey(kernel: NtKernel, _process: NtProcess, path: string): void {
    kernel.objects.delete(path);
  },
  /** Events, sections and ports: NtCreateEvent, NtCreateSection, NtCreatePort. */
  NtCreateObject(kernel: NtKernel, _process: NtProcess, path: string, type: ObjectType, text = ""): void {
    kernel.objects.create(path, new NtObject(type, text), "Directory");
  },
  NtOpenObject(kernel: NtKernel, _process: NtProcess, path: string): string {
    return kernel.objects.demand(path).text;
  },
  NtOpenProcess(kernel: NtKernel, _process: NtProcess, pid: number): NtProcess {
    return kernel.processes.get(pid) ?? fail("STATUS_INVALID_CID");
  },
  NtReadVirtualMemory(kernel: NtKernel, _process: NtProcess, pid: number): string {
    return (kernel.processes.get(pid) ?? fail("STATUS_INVALID_CID")).memory;
  },
  NtTerminateProcess(kernel: NtKernel, _process: NtProcess, pid: number): void {
    if (!kernel.processes.delete(pid)) fail("STATUS_INVALID_CID");
  },
  NtCreateProcess(kernel: NtKernel, process: NtProcess, image: string): number {
    kernel.objects.demand(image);
    return kernel.spawn(image, process.pid).pid;
  },
  NtQuerySystemInformation(kernel: NtKernel): readonly NtProcess[] {
    return [...kernel.processes.values()];
  },
  NtLoadDriver(kernel: NtKernel, _process: NtProcess, name: string): void {
    kernel.objects.create(`\\Driver\\${name}`, new NtObject("Driver"));
  },
  NtSetSystemTime(kernel: NtKernel, _process: NtProcess, seconds: number): void {
    kernel.time = seconds;
  },
  RtlGetVersion(kernel: NtKernel): string {
    return kernel.release;
  },
  NtQueryComputerName(kernel: NtKernel): string {
    return kernel.objects.demand(computerName).text;
  },
  NtUserCreateWindow(kernel: NtKernel, process: NtProcess, title: string): void {
    kernel.windows.push({ title, owner: process.pid, messages: [] });
  },
  NtUserFindWindow(kernel: NtKernel, _process: NtProcess, title: string): number {
    return kernel.windows.find((one) => one.title === title)?.owner ?? fail("STATUS_OBJECT_NAME_NOT_FOUND");
  },
  /** By a window's message a program can be made to do what it shouldn't. */
  NtUserPostMessage(kernel: NtKernel, _process: NtProcess, title: string, message: string): void {
    (kernel.windows.find((one) => one.title === title) ?? fail("STATUS_OBJECT_NAME_NOT_FOUND")).messages.push(message);
  },
  /** The service control manager's daemons, by name: they run for whoever asks. */
  StartService(kernel: NtKernel, _process: NtProcess, name: string): number {
    const image = kernel.objects.demand(`\\Registry\\Machine\\System\\Services\\${name}`).text;
    return kernel.spawn(image, 4).pid;
  },
  bind(kernel: NtKernel, process: NtProcess, address: string, port: number): string {
    if (address !== "0.0.0.0" && !kernel.addresses.includes(address)) fail("STATUS_INVALID_ADDRESS_COMPONENT");
    const key = `${address}:${port}`;
    if (kernel.bound.has(key)) fail("STATUS_ADDRESS_ALREADY_EXISTS");
    kernel.bound.set(key, process.pid);
    return address;
  },
  GetAdaptersAddresses(kernel: NtKernel): readonly string[] {
    return kernel.addresses;
  },
};

type Handlers = typeof handlers;

/** The calls as a process makes them. */
export type NtSys = {
  readonly [K in keyof Handlers]: Handlers[K] extends (
    kernel: NtKernel,
    process: NtProcess,
    ...args: infer A
  ) => infer R
    ? (...args: A) => R
    : never;
};

/** Where the computer's name is: as everything of Windows' settings, in the registry. */
const computerName = "\\Registry\\Machine\\System\\ComputerName";

/** A small kernel like Windows NT's: objects by name, processes, calls with interposers before them (as SSDT hooks are). */
export class NtKernel {
  readonly release = "5.0.2195";
  readonly objects: ObjectNamespace = new ObjectNamespace();
  readonly processes: Map<number, NtProcess> = new Map();
  readonly windows: Window[] = [];
  readonly interposers: NtInterposer[] = [];
  readonly bound: Map<string, number> = new Map();
  readonly addresses: string[];
  /** What was written to disks past the file system. */
  readonly rawWrites: string[] = [];
  time = 1_150_000_000;
  #pid = 0;

  constructor(options: { readonly name?: string; readonly addresses?: readonly string[] } = {}) {
    this.addresses = [...(options.addresses ?? ["192.0.2.10", "192.0.2.11", "192.0.2.12"])];
    for (const path of [
      "\\Device",
      "\\Driver",
      "\\BaseNamedObjects",
      "\\??",
      "\\??\\C:",
      "\\??\\C:\\Windows",
      "\\??\\C:\\Users",
    ])
      this.objects.create(path, new NtObject("Directory"));
    this.objects.create(computerName, new NtObject("Key", options.name ?? "PC"), "Key");
    this.objects.create("\\Device\\Harddisk0", new NtObject("Device"));
    this.objects.create("\\??\\C:\\Windows\\app.exe", new NtObject("File", "an application"));
    this.spawn("System", 0);
  }

  spawn(image: string, parent: number): NtProcess {
    this.#pid += 4;
    const process = { pid: this.#pid, image, parent, memory: "" };
    this.processes.set(process.pid, process);
    return process;
  }

  /** A process's way into the kernel: through the interposers, outermost first. */
  sys(process: NtProcess): NtSys {
    const bound = Object.entries(handlers).map(([name, run]): [string, unknown] => [
      name,
      (...args: readonly unknown[]): unknown => {
        const at = (place: number, call: NtCall): unknown => {
          const interposer = this.interposers[place];
          if (interposer !== undefined) return interposer(call, (passed) => at(place + 1, passed));
          return (run as (kernel: NtKernel, process: NtProcess, ...rest: readonly unknown[]) => unknown)(
            this,
            call.process,
            ...call.args,
          );
        };
        return at(0, { process, name, args });
      },
    ]);
    const made: unknown = Object.fromEntries(bound);
    // Each entry has its handler's arguments and result, which `NtSys` says.
    return made as NtSys;
  }
}

import { describe, expect, test } from "vitest";
import { Fvm, NtError, NtKernel, type NtSys } from "../../../sim/container/index.js";
import { UsageError } from "../../../sim/core/index.js";

const C = "\\??\\C:";
const hosts = `${C}\\Windows\\hosts`;
const run = "\\Registry\\Machine\\Software\\Run";

function code(call: () => unknown): string {
  try {
    call();
    return "ok";
  } catch (error) {
    if (error instanceof NtError) return error.code;
    throw error;
  }
}

function write(sys: NtSys, path: string, text: string): void {
  sys.NtCreateFile(path, "write", true);
  sys.NtWriteFile(path, text);
}

/** A host with a file, a key, an event, a window, a daemon; two VMs. */
function made(): {
  readonly kernel: NtKernel;
  readonly fvm: Fvm;
  readonly host: NtSys;
  readonly pid: number;
  readonly a: NtSys;
  readonly b: NtSys;
} {
  const kernel = new NtKernel({ name: "HOSTPC" });
  const process = kernel.spawn("explorer.exe", 4);
  process.memory = "secret";
  const host = kernel.sys(process);
  write(host, hosts, "host");
  host.NtSetValueKey(run, "host.exe");
  host.NtSetValueKey("\\Registry\\Machine\\System\\Services\\Spooler", `${C}\\Windows\\app.exe`);
  host.NtCreateObject("\\BaseNamedObjects\\Mutex", "Event", "host's");
  host.NtUserCreateWindow("Explorer");
  const fvm = new Fvm(kernel);
  fvm.create("a", { address: "192.0.2.11", processes: 3 });
  fvm.create("b", { address: "192.0.2.12" });
  return { kernel, fvm, host, pid: process.pid, a: fvm.start("a"), b: fvm.start("b") };
}

describe("a VM's names", () => {
  test("lead to the host's files until they are written; then to a copy that it alone has", () => {
    const { host, a, b, kernel } = made();
    expect(a.NtCreateFile(hosts, "read")).toBe("host");
    const before = kernel.objects.below("").length;
    write(a, hosts, "a's");
    expect([host, a, b].map((sys) => sys.NtCreateFile(hosts, "read"))).toEqual(["host", "a's", "host"]);
    // A file and the directories above it are all that was made.
    expect(kernel.objects.below("").length - before).toBe(4);
    write(host, hosts, "host 2");
    expect([a, b].map((sys) => sys.NtCreateFile(hosts, "read"))).toEqual(["a's", "host 2"]);
  });

  test("opening for writing copies what was there; case doesn't count", () => {
    const { a, host } = made();
    expect(a.NtCreateFile(`${C}\\WINDOWS\\HOSTS`, "write")).toBe("host");
    a.NtWriteFile(hosts, "x");
    expect(a.NtCreateFile(`${C}\\windows\\Hosts`, "read")).toBe("x");
    expect(host.NtCreateFile(hosts, "read")).toBe("host");
  });

  test("what it deletes is gone for it alone, can be made anew, and is listed so", () => {
    const { a, b, host } = made();
    a.NtDeleteFile(hosts);
    expect(code(() => a.NtCreateFile(hosts, "read"))).toBe("STATUS_OBJECT_NAME_NOT_FOUND");
    expect(a.NtQueryDirectoryFile(`${C}\\Windows`)).toEqual(["app.exe"]);
    expect(b.NtQueryDirectoryFile(`${C}\\Windows`)).toEqual(["app.exe", "hosts"]);
    expect(
      code(() => {
        a.NtDeleteFile(hosts);
      }),
    ).toBe("STATUS_OBJECT_NAME_NOT_FOUND");
    write(a, hosts, "new");
    expect([a, host].map((sys) => sys.NtCreateFile(hosts, "read"))).toEqual(["new", "host"]);
    expect(a.NtQueryDirectoryFile(C)).not.toContain("fvms");
  });

  test("the registry, its name and its events are renamed alike; events aren't read through", () => {
    const { a, b, host } = made();
    a.NtSetValueKey(run, "evil.exe");
    expect([host, a, b].map((sys) => sys.NtQueryValueKey(run))).toEqual(["host.exe", "evil.exe", "host.exe"]);
    a.NtSetValueKey("\\Registry\\Machine\\System\\ComputerName", "VM-A");
    expect([host, a, b].map((sys) => sys.NtQueryComputerName())).toEqual(["HOSTPC", "VM-A", "HOSTPC"]);
    expect(code(() => a.NtOpenObject("\\BaseNamedObjects\\Mutex"))).toBe("STATUS_OBJECT_NAME_NOT_FOUND");
    a.NtCreateObject("\\BaseNamedObjects\\Mutex", "Event", "a's");
    expect([host, a].map((sys) => sys.NtOpenObject("\\BaseNamedObjects\\Mutex"))).toEqual(["host's", "a's"]);
    expect(code(() => b.NtOpenObject("\\BaseNamedObjects\\Mutex"))).toBe("STATUS_OBJECT_NAME_NOT_FOUND");
  });
});

test("commit makes what a VM has changed the host's, and only that", () => {
  const { a, b, host, fvm, kernel } = made();
  write(a, hosts, "a's");
  write(a, `${C}\\Users\\new`, "new");
  a.NtSetValueKey(run, "a.exe");
  a.NtDeleteFile(`${C}\\Windows\\app.exe`);
  expect(fvm.changes("a")).toEqual([
    { change: "changed", path: hosts },
    { change: "added", path: `${C}\\Users\\new` },
    { change: "changed", path: run },
    { change: "deleted", path: `${C}\\Windows\\app.exe` },
  ]);
  expect(fvm.changes("b")).toEqual([]);
  fvm.commit("a");
  expect(host.NtCreateFile(hosts, "read")).toBe("a's");
  expect(b.NtCreateFile(`${C}\\Users\\new`, "read")).toBe("new");
  expect(host.NtQueryValueKey(run)).toBe("a.exe");
  expect(kernel.objects.find(`${C}\\Windows\\app.exe`)).toBeUndefined();
  expect(fvm.changes("a")).toEqual([]);
  write(b, hosts, "b's");
  fvm.remove("b");
  expect(host.NtCreateFile(hosts, "read")).toBe("a's");
  expect(kernel.objects.find(`${C}\\fvms\\b`)).toBeUndefined();
});

test("ways out: each is refused in a VM, and open to a process of the host", () => {
  const attempts: Readonly<Record<string, (sys: NtSys, pid: number) => unknown>> = {
    "open a process": (sys, pid) => sys.NtOpenProcess(pid),
    "read its memory": (sys, pid) => sys.NtReadVirtualMemory(pid),
    "see it": (sys, pid) =>
      sys.NtQuerySystemInformation().find((one) => one.pid === pid) ??
      (() => {
        throw new NtError("STATUS_INVALID_CID");
      })(),
    "an event of the host": (sys) => sys.NtOpenObject("\\BaseNamedObjects\\Mutex"),
    "a window's messages": (sys) => {
      sys.NtUserPostMessage("Explorer", "WM_TIMER");
    },
    "write the disk": (sys) => {
      sys.NtCreateFile("\\Device\\Harddisk0", "write");
      sys.NtWriteFile("\\Device\\Harddisk0", "boot sector");
    },
    "load a driver": (sys) => {
      sys.NtLoadDriver("rootkit");
    },
    "set the clock": (sys) => {
      sys.NtSetSystemTime(0);
    },
    "the host's address": (sys) => sys.bind("192.0.2.10", 80),
    "another VM's workspace": (sys) => sys.NtCreateFile(`${C}\\fvms\\b\\Users\\file`, "read"),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    const one = made();
    write(one.b, `${C}\\Users\\file`, "b's");
    expect(
      code(() => attempt(one.host, one.pid)),
      `host: ${name}`,
    ).toBe("ok");
    const other = made();
    write(other.b, `${C}\\Users\\file`, "b's");
    expect(
      code(() => attempt(other.a, other.pid)),
      `VM: ${name}`,
    ).toMatch(/^STATUS_/);
    expect(other.kernel.rawWrites).toEqual([]);
    expect(other.kernel.windows[0]?.messages).toEqual([]);
  }
});

test("children and daemons are born into the VM, up to its limit; addresses are its own", () => {
  const { a, b, fvm, kernel, host } = made();
  const child = a.NtCreateProcess(`${C}\\Windows\\app.exe`);
  const daemon = a.StartService("Spooler");
  expect(a.NtQuerySystemInformation().map(({ pid }) => pid)).toEqual(expect.arrayContaining([child, daemon]));
  expect(b.NtQuerySystemInformation().length).toBe(1);
  expect(host.NtQuerySystemInformation().length).toBe(kernel.processes.size);
  expect(code(() => a.NtCreateProcess(`${C}\\Windows\\app.exe`))).toBe("STATUS_QUOTA_EXCEEDED");
  expect([a.bind("0.0.0.0", 80), b.bind("0.0.0.0", 80), host.bind("192.0.2.10", 80)]).toEqual([
    "192.0.2.11",
    "192.0.2.12",
    "192.0.2.10",
  ]);
  fvm.remove("a");
  expect(kernel.processes.has(child)).toBe(false);
  expect(() => fvm.create("b")).toThrow(UsageError);
  expect(() => fvm.create("c", { address: "192.0.2.12" })).toThrow("192.0.2.12 is b's");
  expect(() => fvm.commit("a")).toThrow('there is no VM "a"');
});

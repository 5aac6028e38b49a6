import { Fvm, NtError, NtKernel, type NtSys } from "../../container/index.js";
import type { Facts, Finding, HostState } from "./facts.js";

const file = "\\??\\C:\\Users\\landmark";
const computer = "\\Registry\\Machine\\System\\ComputerName";
const setting = "\\Registry\\Machine\\System\\Control\\Quota";
const event = "\\BaseNamedObjects\\Landmark";
const address = "192.0.2.10";

function code(call: () => unknown): string {
  try {
    call();
    return "ok";
  } catch (error) {
    if (error instanceof NtError) return error.code.replace("STATUS_", "");
    throw error;
  }
}

/** The application, by NT's calls; what this kernel has no notion of is left out. */
function facts(sys: NtSys, pid: number): Facts {
  const all = sys.NtQuerySystemInformation();
  return {
    release: sys.RtlGetVersion(),
    processes: all.length - 1,
    seesHost: all.some((one) => one.pid === pid),
    signal: code(() => sys.NtOpenProcess(pid)),
    read: code(() => sys.NtCreateFile(file, "read")),
    change: code(() => {
      sys.NtCreateFile(file, "write");
      sys.NtWriteFile(file, "changed");
    }),
    hostname: sys.NtQueryComputerName(),
    rename: code(() => {
      sys.NtSetValueKey(computer, "RENAMED");
    }),
    addresses: sys.GetAdaptersAddresses(),
    bindHost: code(() => sys.bind(address, 2222)),
    ipc: code(() => sys.NtOpenObject(event)),
    children: Array.from({ length: 40 }, () => code(() => sys.NtCreateProcess("\\??\\C:\\Windows\\app.exe"))).filter(
      (one) => one === "ok",
    ).length,
    device: code(() => {
      sys.NtCreateFile("\\Device\\Harddisk0", "write");
    }),
    setting: code(() => {
      sys.NtSetValueKey(setting, "1");
    }),
    clock: code(() => {
      sys.NtSetSystemTime(0);
    }),
  };
}

const stateOf = ({ objects }: NtKernel): HostState => ({
  hostname: objects.demand(computer).text,
  setting: objects.demand(setting).text,
  file: objects.demand(file).text,
  mounts: 0,
});

/** The application in a feather-weight virtual machine. */
export function probeFvm(): Finding {
  const kernel = new NtKernel({ name: "HOST" });
  const process = kernel.spawn("landmark.exe", 4);
  const host = kernel.sys(process);
  host.NtCreateFile(file, "write", true);
  host.NtWriteFile(file, "the host's");
  host.NtSetValueKey(setting, "0");
  host.NtCreateObject(event, "Event", "the host's");
  const fvm = new Fvm(kernel);
  fvm.create("box", { address: "192.0.2.11", processes: 20 });
  const before = stateOf(kernel);
  const found = facts(fvm.start("box"), process.pid);
  return {
    subject: "FVM",
    facts: found,
    outside: { before, after: stateOf(kernel), release: kernel.release, addresses: kernel.addresses },
  };
}

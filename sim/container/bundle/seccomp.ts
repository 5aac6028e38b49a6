import { UsageError } from "../../core/index.js";
import { E, systemCallTable, type Filter } from "../../os/index.js";
import type { SeccompArgument, SeccompSpec } from "./spec.js";

type Action = Filter["defaultAction"];
type Rule = Filter["syscalls"][number];
type Argument = NonNullable<Rule["args"]>[number];

const operators = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"].map((name) => `SCMP_CMP_${name}` as Argument["op"]);

function actionOf(name: string, errno: number = E.EPERM.number): Action {
  switch (name) {
    case "SCMP_ACT_ERRNO": {
      const found = Object.values(E).find(({ number }) => number === errno);
      if (found === undefined)
        throw new UsageError(`seccomp returns errno ${errno}, which is none`, "Give 1 for EPERM.");
      return { action: name, errno: found.code };
    }
    case "SCMP_ACT_ALLOW":
    case "SCMP_ACT_LOG":
    case "SCMP_ACT_KILL_PROCESS":
    case "SCMP_ACT_KILL_THREAD":
    case "SCMP_ACT_TRAP":
      return { action: name };
    case "SCMP_ACT_KILL":
      return { action: "SCMP_ACT_KILL_THREAD" };
    default:
      throw new UsageError(
        `seccomp's action "${name}" is not followed here`,
        "Use SCMP_ACT_ALLOW, ERRNO, LOG, TRAP, KILL_THREAD or KILL_PROCESS.",
      );
  }
}

function argumentOf({ index, value, valueTwo, op }: SeccompArgument): Argument {
  const known = operators.find((one) => one === op);
  if (known === undefined) throw new UsageError(`"${op}" compares nothing`, `Use one of ${operators.join(", ")}.`);
  return { index, value, op: known, ...(valueTwo !== undefined && { valueTwo }) };
}

/** Compiled profiles: containers of one profile share its filter. */
const filters = new WeakMap<SeccompSpec, Filter>();

/** A configuration's filter, in the form that the simulated kernel takes. @throws UsageError for what it can't follow */
export function filterOf(profile: SeccompSpec): Filter {
  const known = filters.get(profile);
  if (known !== undefined) return known;
  const { defaultAction, defaultErrnoRet, syscalls = [] } = profile;
  const filter: Filter = {
    defaultAction: actionOf(defaultAction, defaultErrnoRet),
    syscalls: syscalls.map(({ names, action, errnoRet, args }) => ({
      names,
      action: actionOf(action, errnoRet),
      ...(args !== undefined && { args: args.map(argumentOf) }),
    })),
  };
  filters.set(profile, filter);
  return filter;
}

/**
 * Calls that Docker's default profile allows only to who has a capability, by the table in Docker's documentation
 * ("Significant syscalls blocked by the default profile") and its exceptions. Those without a capability are never allowed.
 */
const guarded: Readonly<Record<string, readonly string[]>> = {
  SYS_ADMIN: (
    "bpf fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount name_to_handle_at " +
    "open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount2 unshare"
  ).split(" "),
  SYS_BOOT: ["reboot"],
  SYS_CHROOT: ["chroot"],
  SYS_MODULE: ["delete_module", "init_module", "finit_module"],
  SYS_PACCT: ["acct"],
  SYS_PTRACE: ["kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace"],
  SYS_RAWIO: ["iopl", "ioperm"],
  SYS_TIME: ["settimeofday", "clock_settime", "clock_settime64"],
  SYS_TTY_CONFIG: ["vhangup"],
  SYS_NICE: ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"],
  SYSLOG: ["syslog"],
  BPF: ["bpf"],
  PERFMON: ["perf_event_open"],
  DAC_READ_SEARCH: ["open_by_handle_at"],
  "": (
    "_sysctl add_key clock_adjtime create_module get_kernel_syms kexec_file_load kexec_load keyctl migrate_pages move_pages " +
    "nfsservctl personality pivot_root query_module request_key swapoff swapon sysfs uselib userfaultfd ustat vserver " +
    "io_uring_enter io_uring_register io_uring_setup afs_syscall getpmsg putpmsg security tuxcall"
  ).split(" "),
};

/** personality(2) with what ordinary programs ask for: PER_LINUX, PER_LINUX32, UNAME26, both, and what the present one is. */
const personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
/** clone's flags for seven kinds of namespaces; the eighth, CLONE_NEWTIME, isn't clone's but clone3's. */
const namespaceFlags = 0x7e020000;
/** Addresses of virtual machines' sockets: AF_VSOCK. */
const vsock = 40;

/** Docker's profile for each set of capabilities that was asked for. */
const profiles = new Map<string, SeccompSpec>();

/**
 * Docker's default profile in shape: everything fails with EPERM but what is listed, and listed is every call of x86-64 but
 * some 50, of which capabilities give some back.
 * Without CAP_SYS_ADMIN clone makes no namespaces, a user namespace neither.
 * @param capabilities what the container's processes may have, without "CAP_"
 */
export function defaultSeccomp(capabilities: readonly string[]): SeccompSpec {
  const key = [...capabilities].sort().join();
  let profile = profiles.get(key);
  if (profile === undefined) profiles.set(key, (profile = profileFor(capabilities)));
  return profile;
}

function profileFor(capabilities: readonly string[]): SeccompSpec {
  const blocked = new Set(Object.values(guarded).flat());
  const allowed = Object.entries(guarded).flatMap(([capability, names]) =>
    capabilities.includes(capability) ? names : [],
  );
  const names = systemCallTable()
    .map(({ name }) => name)
    .filter((name) => !blocked.has(name) && name !== "socket" && name !== "clone3" && name !== "clone");
  const allow = "SCMP_ACT_ALLOW";
  const admin = capabilities.includes("SYS_ADMIN");
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: E.EPERM.number,
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [
      { names: [...names, ...new Set(allowed)], action: allow },
      { names: ["socket"], action: allow, args: [{ index: 0, value: vsock, op: "SCMP_CMP_NE" }] },
      admin
        ? { names: ["clone"], action: allow }
        : {
            names: ["clone"],
            action: allow,
            args: [{ index: 0, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
          },
      ...personalities.map((value) => ({
        names: ["personality"],
        action: allow,
        args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
      })),
      // Libraries fall back to clone where this is missing.
      ...(admin
        ? [{ names: ["clone3"], action: allow }]
        : [{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: E.ENOSYS.number }]),
    ],
  };
}

import { CgroupDirectory } from "../cgroup/cgroupfs.js";
import type { DeviceRule } from "../cgroup/device-rules.js";
import { E } from "../errno.js";
import { capable } from "../security/credentials.js";
import type { Task } from "../task/task.js";
import { baseOf, rootNamespace } from "./paths.js";
import { partial, type Rows } from "./row.js";

/** bpf(2), commands and attributes under Linux's names. A program is data here: rules, of which the last that fits counts. */
export const programCalls = {
  /**
   * Gives a control group its program for devices (BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI), in the place of the one that it has.
   * @throws EINVAL for another command; EPERM without CAP_BPF and CAP_NET_ADMIN (or CAP_SYS_ADMIN); EBADF for what is no group's directory
   */
  bpf(
    task: Task,
    command: string,
    { target_fd, program }: { readonly target_fd: number; readonly program: readonly DeviceRule[] },
  ): undefined {
    if (command !== "BPF_PROG_ATTACH") throw E.EINVAL;
    const may = (capability: "BPF" | "NET_ADMIN" | "SYS_ADMIN"): boolean =>
      capable(task.credentials, rootNamespace(task), capability);
    if (!may("SYS_ADMIN") && !(may("BPF") && may("NET_ADMIN"))) throw E.EPERM;
    const inode = baseOf(task, target_fd)?.inode;
    if (!(inode instanceof CgroupDirectory)) throw E.EBADF;
    inode.cgroup.deviceRules = program;
  },
};

export const programRows: Rows<typeof programCalls> = {
  bpf: partial(321, "BPF_PROG_ATTACH of BPF_CGROUP_DEVICE alone; programs are rules, one for a group"),
};

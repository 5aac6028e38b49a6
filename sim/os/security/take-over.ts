import type { KernelState, Task } from "../task/task.js";
import { rootCredentials } from "./credentials.js";

/** What somebody who can write into the kernel's memory does with it: programs here have no memory that could be written to. */
export type KernelWrite = (kernel: KernelState, task: Task) => void;

/**
 * What exploits of such mistakes mostly do: the task gets the credentials, namespaces and root of the first process, as by
 * commit_creds(&init_cred), switch_task_namespaces(task, &init_nsproxy) and a copy of init's fs_struct; and no seccomp filter is left. It is
 * the kernel's own first process: of a container's host, or of a virtual machine's guest.
 */
export function takeOver(kernel: KernelState, task: Task): void {
  const { init, userNamespace } = kernel.pidNamespace;
  task.credentials = rootCredentials(userNamespace);
  task.enter(kernel.namespaces);
  task.filters = undefined;
  if (init !== undefined) task.context = { ...task.context, root: init.root, cwd: init.root };
}

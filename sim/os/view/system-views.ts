import { formatBytes, formatDuration, type GraphView, type Nanos, type Row, type TableView } from "../../core/index.js";
import { namespaceKinds } from "../namespace/namespace.js";
import { systemCallTable } from "../syscall/table.js";
import { stateLetter } from "../task/parts.js";
import type { KernelState, Task } from "../task/task.js";
import { pathOf } from "../vfs/resolve.js";

const byPid = (kernel: KernelState): Task[] =>
  [...kernel.pidNamespace.tasks.values()].sort((a, b) => (a.pids[0] ?? 0) - (b.pids[0] ?? 0));

const caption = (kernel: KernelState): string =>
  `${kernel.namespaces.uts.hostname}, at ${formatDuration(kernel.engine.now)}`;

/** Every task, as seen from the initial namespaces. */
export function processTable(kernel: KernelState): TableView {
  const rows = byPid(kernel).map((task): Row => ({
    pid: task.pids[0] ?? 0,
    inside: task.pids.slice(1).join(" "),
    ppid: task.parent?.pids[0] ?? 0,
    uid: task.credentials.euid,
    state: stateLetter(task),
    cpu: formatDuration(task.used as Nanos),
    memory: formatBytes(task.memory.resident),
    cgroup: task.cgroup.path,
    command: task.argv.length > 0 ? task.argv.join(" ") : `[${task.name}]`,
  }));
  return {
    as: "table",
    title: "Processes",
    caption: caption(kernel),
    columns: [
      { key: "pid", label: "PID" },
      { key: "inside", label: "PIDs in inner namespaces" },
      { key: "ppid", label: "PPID" },
      { key: "uid", label: "UID" },
      { key: "state", label: "S" },
      { key: "cpu", label: "CPU time" },
      { key: "memory", label: "memory" },
      { key: "cgroup" },
      { key: "command" },
    ],
    rows,
  };
}

/** Who is whose child. */
export function processTree(kernel: KernelState): GraphView {
  const tasks = byPid(kernel);
  const id = (task: Task): string => `${task.pids[0] ?? 0}`;
  return {
    as: "graph",
    title: "Who is whose child?",
    caption: caption(kernel),
    nodes: tasks.map((task) => ({
      id: id(task),
      label: `${task.name} ${task.pids.join("/")}`,
      role: task.pidNamespace.level > 0 ? "container" : "host",
    })),
    edges: tasks.flatMap((task) => (task.parent === undefined ? [] : [{ from: id(task.parent), to: id(task) }])),
  };
}

/** A task's mounts, as it sees them. */
export function mountTable(task: Task): TableView {
  const rows = task.namespaces.mnt.mounts.flatMap((mount): Row[] => {
    const path = pathOf({ mount, inode: mount.root }, task.root, task);
    if (path.startsWith("(unreachable)")) return [];
    const propagation = [
      ...(mount.peers === undefined ? [] : [`shared:${mount.peers.number}`]),
      ...(mount.master === undefined ? [] : [`master:${mount.master.number}`]),
    ].join(" ");
    const row = { path, type: mount.fs.type, source: mount.source, mode: mount.readonly ? "ro" : "rw" };
    return [{ ...row, propagation: propagation === "" ? (mount.unbindable ? "unbindable" : "private") : propagation }];
  });
  const columns = ["path", "type", "source", "mode", "propagation"].map((key) => ({ key }));
  return { as: "table", title: `Mounts that ${task.name} (${task.pids[0] ?? 0}) sees`, columns, rows };
}

/** Every namespace that somebody is in, and who. */
export function namespaceTable(kernel: KernelState): TableView {
  const members = new Map<string, Task[]>();
  for (const task of byPid(kernel)) {
    const own = { ...task.namespaces, pid: task.pidNamespace, user: task.credentials.userNamespace };
    for (const kind of namespaceKinds) {
      const key = `${kind} ${own[kind].number}`;
      const known = members.get(key);
      if (known === undefined) members.set(key, [task]);
      else known.push(task);
    }
  }
  const rows = [...members].map(([key, tasks]): Row => {
    const [kind = "", number = ""] = key.split(" ");
    const [first] = tasks;
    return { number: Number(number), kind, tasks: tasks.length, pid: first?.pids[0] ?? 0, command: first?.name ?? "" };
  });
  rows.sort((a, b) =>
    String(a["kind"]) < String(b["kind"])
      ? -1
      : String(a["kind"]) > String(b["kind"])
        ? 1
        : Number(a["number"]) - Number(b["number"]),
  );
  const columns = [
    { key: "number", label: "NS" },
    { key: "kind", label: "TYPE" },
    { key: "tasks", label: "NPROCS" },
    { key: "pid", label: "PID" },
    { key: "command", label: "COMMAND" },
  ];
  return { as: "table", title: "Namespaces", caption: caption(kernel), columns, rows };
}

/** The groups, with what they use and may use. */
export function cgroupTable(kernel: KernelState): TableView {
  const rows = [...kernel.cgroups.subtree()].map((cgroup): Row => {
    const { memory, pids, group } = cgroup;
    const { bandwidth } = group;
    return {
      path: cgroup.path,
      tasks: cgroup.members.size,
      weight: cgroup.weight,
      cpu: formatDuration(group.usage),
      quota: bandwidth === undefined ? "max" : `${bandwidth.quota / bandwidth.period} CPUs`,
      memory: formatBytes(memory.current),
      limit: memory.max === Infinity ? "max" : formatBytes(memory.max),
      pids: pids.max === Infinity ? `${pids.current}` : `${pids.current} of ${pids.max}`,
      kills: memory.events.oom_kill,
    };
  });
  const columns = [
    { key: "path" },
    { key: "tasks" },
    { key: "weight", label: "cpu.weight" },
    { key: "cpu", label: "CPU time" },
    { key: "quota", label: "cpu.max" },
    { key: "memory", label: "memory.current" },
    { key: "limit", label: "memory.max" },
    { key: "pids" },
    { key: "kills", label: "oom kills" },
  ];
  return { as: "table", title: "Control groups", caption: caption(kernel), columns, rows };
}

/** Every system call of Linux on x86-64, and how far it is here. */
export function systemCallView(): TableView {
  const columns = ["number", "name", "fidelity", "why"].map((key) => ({ key }));
  return { as: "table", title: "System calls: what is here, what isn't", columns, rows: systemCallTable() };
}

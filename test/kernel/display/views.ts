/** One view of each kind, as rooms of the simulator give them; the tests and a person's eye look at the same ones. */
import type {
  GraphView,
  HeatView,
  LanesView,
  PlotView,
  SequenceView,
  Series,
  TableView,
} from "../../../sim/core/index.js";

const caption = "Seed 12; 7,200 rpm, 4 ms average seek, 1,000 requests at each size, queue depth 1.";
const sizes = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
const sequential = sizes.map((size) => 0.05 + size / 150);
const random = sizes.map((size) => 8.2 + size / 150);

export const lines: PlotView = {
  as: "plot",
  title: "When does a random read cost no more than a sequential one?",
  caption,
  x: { label: "block size", unit: "KiB", scale: "log" },
  y: { label: "latency", unit: "ms", scale: "log" },
  series: [
    {
      name: "sequential",
      mark: "line",
      x: sizes,
      y: sequential,
      role: "disk",
      band: {
        low: sequential.map((v) => v * 0.85),
        high: sequential.map((v) => v * 1.2),
        meaning: "95 % confidence interval of 10 runs",
      },
    },
    {
      name: "random",
      mark: "line",
      x: sizes,
      y: random,
      role: "host",
      band: {
        low: random.map((v) => v - 2),
        high: random.map((v) => v + 2.4),
        meaning: "95 % confidence interval of 10 runs",
      },
    },
    {
      name: "random",
      mark: "line",
      x: [4, 64, 512],
      y: [9.1, 9.4, 13.2],
      role: "host",
      source: "Ruemmler and Wilkes 1994, table 2",
    },
  ],
};

export const bars: PlotView = {
  as: "plot",
  title: "What does each technique pay for a system call?",
  caption: "Seed 0; guest “tiny”, 10,000 calls of getpid on RV64 at 1 GHz.",
  x: { label: "technique", unit: "" },
  y: { label: "time per call", unit: "ns" },
  series: [
    {
      name: "measured",
      mark: "bars",
      x: ["bare", "trap and emulate", "binary translation", "paravirtual", "hardware assist"],
      y: [110, 1480, 320, 410, 130],
      role: "guest",
      band: {
        low: [105, 1400, 290, 380, 126],
        high: [116, 1560, 350, 450, 135],
        meaning: "least and greatest of 10 runs",
      },
    },
    {
      name: "shape of the paper",
      mark: "bars",
      x: ["bare", "trap and emulate", "binary translation", "hardware assist"],
      y: [100, 1600, 300, 140],
      source: "Adams and Agesen 2006, figure 4",
      role: "reference",
    },
  ],
};

const wave = Array.from({ length: 400 }, (_, i) => i / 4);

export const dense: PlotView = {
  as: "plot",
  title: "How does the cluster follow the load?",
  caption: "Seed 5; 5 nodes, one replica per 100 requests/s, scale-down delay 20 s.",
  x: { label: "virtual time", unit: "s" },
  y: { label: "requests", unit: "1/s" },
  series: [
    { name: "offered load", mark: "line", x: wave, y: wave.map((t) => 500 + 400 * Math.sin(t / 9)), role: "network" },
    {
      name: "served",
      mark: "line",
      x: wave,
      y: wave.map((t, i) => (i > 200 && i < 220 ? null : 460 + 350 * Math.sin((t - 2) / 9))),
    },
    {
      name: "capacity",
      mark: "steps",
      x: wave.filter((_, i) => i % 20 === 0),
      y: wave.filter((_, i) => i % 20 === 0).map((t) => 100 * Math.ceil(5 + 4 * Math.sin((t - 3) / 9))),
      role: "container",
    },
    {
      name: "dropped",
      mark: "points",
      x: wave.filter((_, i) => i % 17 === 3),
      y: wave.filter((_, i) => i % 17 === 3).map((t) => 60 + 50 * Math.cos(t)),
      role: "fault",
    },
  ],
};

const colours: Series[] = ["one", "two", "three", "four", "five", "six", "seven", "eight"].map((name, i) => ({
  name: `a rather long name of curve number ${name}`,
  mark: i % 2 === 0 ? "line" : "steps",
  x: [0, 1, 2, 3, 4, 5],
  y: [0, 1, 2, 3, 4, 5].map((x) => i + Math.sqrt(x) * (1 + i / 5)),
}));

export const many: PlotView = {
  as: "plot",
  title:
    "Eight curves, to see whether each can be told from the others when the title itself takes more than a single line of the picture",
  caption,
  x: { label: "x", unit: "" },
  y: { label: "events", unit: "1/s" },
  series: colours,
};

export const table: TableView = {
  as: "table",
  title: "Why the guest left",
  columns: [
    { key: "reason", label: "exit reason" },
    { key: "count", label: "exits" },
    { key: "time", label: "time", unit: "µs" },
    { key: "emulated" },
  ],
  rows: [
    { reason: "csrw satp <page table>", count: 1200, time: 1830.123456789, emulated: true },
    { reason: "ecall & sret", count: 40, time: 2.5, emulated: false },
    { reason: "入出力 🐳", count: 7, time: null, emulated: true },
  ],
  caption: "Seed 0; guest “tiny”.",
};

export const lanes: LanesView = {
  as: "lanes",
  title: "Who runs when, with weights 256 and 512?",
  caption: "Seed 7; credit scheduler, 30 ms slices, 2 physical CPUs.",
  x: { label: "virtual time", unit: "ms" },
  lanes: [
    {
      name: "pCPU 0",
      spans: [
        { from: 0, to: 30, label: "vm a", role: "guest" },
        { from: 30, to: 31, label: "switch", role: "host" },
        { from: 31, to: 91, label: "vm b", role: "container" },
        { from: 91, to: 92, label: "switch", role: "host" },
        { from: 92, to: 122, label: "vm a", role: "guest" },
      ],
    },
    {
      name: "pCPU 1",
      spans: [
        { from: 0, to: 60, label: "vm b", role: "container" },
        { from: 60, to: 75, label: "idle", role: "idle" },
        { from: 75, to: 80, label: "page fault <handler>", role: "fault" },
        { from: 80, to: 122, label: "vm b", role: "container" },
      ],
    },
    {
      name: "dom0",
      spans: [
        { from: 12, to: 14, label: "disk request", role: "disk" },
        { from: 66, to: 71, label: "disk request", role: "disk" },
      ],
    },
  ],
};

export const heat: HeatView = {
  as: "heat",
  title: "Which pages does the guest write while it migrates?",
  caption: "Seed 3; pre-copy round 2, 1 GiB guest, 64 × 24 regions.",
  x: { label: "region within the row", unit: "16 pages" },
  y: { label: "row", unit: "4 MiB" },
  value: { label: "writes", unit: "1/s" },
  values: Array.from({ length: 24 }, (_, row) =>
    Array.from({ length: 64 }, (_, column) =>
      row > 20 && column > 50
        ? null
        : Math.round(
            900 * Math.exp(-((row - 8) ** 2) / 30 - (column - 20) ** 2 / 200) + ((row * 7 + column * 13) % 40),
          ),
    ),
  ),
};

export const graph: GraphView = {
  as: "graph",
  title: "What did the Deployment create?",
  caption: "Seed 1; namespace default, after 12 s.",
  nodes: [
    { id: "d", label: "Deployment web", role: "host" },
    { id: "r1", label: "ReplicaSet web-5d4f", role: "guest" },
    { id: "r2", label: "ReplicaSet web-77c9 (old)", role: "idle" },
    { id: "p1", label: "Pod web-5d4f-a", role: "container" },
    { id: "p2", label: "Pod web-5d4f-b", role: "container" },
    { id: "p3", label: "Pod web-5d4f-c", role: "container" },
    { id: "s", label: "Service web", role: "network" },
    { id: "n1", label: "Node one" },
    { id: "n2", label: "Node two" },
  ],
  edges: [
    { from: "d", to: "r1", label: "owns" },
    { from: "d", to: "r2", label: "owns" },
    { from: "r1", to: "p1" },
    { from: "r1", to: "p2" },
    { from: "r1", to: "p3" },
    { from: "s", to: "p1" },
    { from: "s", to: "p2" },
    { from: "s", to: "p3" },
    { from: "p1", to: "n1", label: "runs on" },
    { from: "p2", to: "n2" },
    { from: "p3", to: "n2" },
  ],
};

export const sequence: SequenceView = {
  as: "sequence",
  title: "How does kubectl run reach a node?",
  caption: "Seed 1; watch latencies left out.",
  participants: ["kubectl", "API server", "etcd", "scheduler", "kubelet"],
  messages: [
    { from: "kubectl", to: "API server", label: "POST /api/v1/namespaces/default/pods" },
    { from: "API server", to: "API server", label: "authenticate, admit" },
    { from: "API server", to: "etcd", label: "put /registry/pods/default/web" },
    { from: "etcd", to: "API server", label: "revision 41", reply: true },
    { from: "API server", to: "kubectl", label: "201 Created", reply: true },
    { from: "API server", to: "scheduler", label: "watch event: ADDED pod web" },
    { from: "scheduler", to: "API server", label: "bind web → node-2" },
    { from: "API server", to: "kubelet", label: "watch event: MODIFIED <pod>; node-2" },
  ],
};

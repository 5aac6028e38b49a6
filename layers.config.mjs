/**
 * Who may import whom: the one table that dependency-cruiser's rules, the layering test and ARCHITECTURE.md follow.
 * A room is a folder of `sim/` or `kernel/`; its only door is its `index.ts`.
 */
const sim = {
  core: [],
  wasm: ["core"],
  storage: ["core"],
  net: ["core"],
  machine: ["core", "wasm", "storage"],
  bytecode: ["core", "wasm", "machine"],
  os: ["core", "net", "storage"],
  userland: ["core", "net", "os"],
  vmm: ["core", "machine", "net", "storage"],
  library: ["core", "os", "machine"],
  container: ["core", "net", "storage", "os", "userland"],
  host: ["core", "net", "storage", "vmm"],
  libvirt: ["core", "host", "container"],
  k8s: ["core", "net", "os", "userland", "container"],
};
sim.lab = Object.keys(sim);

const kernel = {
  wire: [],
  lang: [],
  display: ["sim/core"],
  api: ["sim/core", "sim/lab", "display", "server"],
  exec: ["lang"],
  debug: ["lang"],
  magics: ["sim/core", "sim/lab", "display"],
  server: ["sim/core", "sim/lab", "wire"],
  session: ["wire", "exec", "lang", "debug", "display", "magics"],
  runner: ["sim/core", "session", "wire"],
  grading: ["display"],
};
kernel.cli = ["sim/core", ...Object.keys(kernel)];

/** Room path → the room paths it may import, every path from the repository's top. */
export const layers = Object.fromEntries([
  ...Object.entries(sim).map(([room, below]) => [`sim/${room}`, below.map((r) => `sim/${r}`)]),
  ...Object.entries(kernel).map(([room, below]) => [
    `kernel/${room}`,
    below.map((r) => (r.startsWith("sim/") ? r : `kernel/${r}`)),
  ]),
]);

import { layers } from "./layers.config.mjs";

const inside = (room) => `^${room}/`;

const layering = Object.entries(layers).map(([room, below]) => ({
  name: `layer ${room}`,
  comment: `${room} may import ${below.length > 0 ? below.join(", ") : "nothing of ours"}`,
  severity: "error",
  from: { path: inside(room) },
  to: { path: "^(sim|kernel)/", pathNot: [room, ...below].map(inside) },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...layering,
    {
      name: "unlisted room",
      comment: "a room of sim/ or kernel/ that layers.config.mjs does not list",
      severity: "error",
      from: { path: "^(sim|kernel)/", pathNot: Object.keys(layers).map(inside) },
      to: {},
    },
    {
      name: "front door",
      comment: "another room is entered through its index.ts alone",
      severity: "error",
      from: { path: "^(sim|kernel)/([^/]+)/" },
      to: { path: "^(sim|kernel)/[^/]+/", pathNot: ["^$1/$2/", "^(sim|kernel)/[^/]+/index\\.ts$"] },
    },
    {
      name: "no cycle",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "portable sim",
      comment: "sim/ runs wherever ECMAScript runs: no Node built-in, no package that needs one",
      severity: "error",
      from: { path: "^sim/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "resolvable",
      severity: "error",
      from: { path: "^(sim|kernel|test)/" },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // kernel/ui is the browser's side, with packages of its own.
    exclude: { path: "^(dist|executed|artefacts|kernel/ui)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      extensions: [".ts", ".js", ".mjs", ".d.ts"],
    },
  },
};

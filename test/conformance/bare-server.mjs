/** The built server with stand-ins for the interface and the kernels: `node bare-server.mjs FOLDER`; prints port and token. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../dist/kernel/server/index.js";
import { fakeLaunch, fakeSpec } from "../../dist/test/kernel/server/fake-kernel.js";

const top = process.argv[2];
const interfaceFolder = join(top, "interface");
for (const folder of ["root", "interface/static", "interface/schemas", "interface/themes"]) {
  mkdirSync(join(top, folder), { recursive: true });
}
writeFileSync(join(interfaceFolder, "manifest.json"), JSON.stringify({ scripts: [], version: "0" }));

/** So many kernels at most, however many are asked for. */
const kernels = [];
const launch = fakeLaunch(kernels);
const server = await startServer({
  folder: join(top, "root"),
  interfaceFolder,
  stateFolder: join(top, "state"),
  version: "0",
  icon: "<svg></svg>",
  ip: "127.0.0.1",
  port: 0,
  otherPorts: false,
  ownSpecs: [fakeSpec],
  dataFolders: [],
  launch: (...given) => (kernels.length < 20 ? launch(...given) : Promise.reject(new Error("enough kernels"))),
  cullAfter: 0,
  log: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify({ port: server.port, token: server.token })}\n`);

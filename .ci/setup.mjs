/**
 * What `npm start` and `npm test` need before they run: the pinned packages and a current build.
 * Quick when nothing changed; needs only Node and npm.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const top = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(top, "node_modules", ".virtlab-lock");
const lock = readFileSync(join(top, "package-lock.json"), "utf8");

/** Runs one step in the repository's top folder and ends the set-up where the step fails. */
function step(what, command, args) {
  console.error(`virtlab: ${what}…`);
  const shell = process.platform === "win32";
  const { status, error } = spawnSync(command, args, { cwd: top, stdio: ["ignore", 2, 2], shell });
  if (status === 0) return;
  console.error(`virtlab: ${what} failed${error ? `: ${error.message}` : ""}. Mend the cause above and run it again.`);
  process.exit(1);
}

const newest = (dir) =>
  readdirSync(join(top, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((latest, entry) => Math.max(latest, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);

const installed = existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
if (!installed) {
  step("installing packages (once)", "npm", ["ci", "--no-progress"]);
  writeFileSync(stamp, lock);
}

const built = join(top, "dist", ".built");
const sources = Math.max(
  ...["sim", "kernel", "test"].map(newest),
  ...["tsconfig.base.json", ".ci/bundle.mjs"].map((file) => statSync(join(top, file)).mtimeMs),
);
if (!installed || !existsSync(built) || statSync(built).mtimeMs < sources) {
  step("building", process.execPath, [join(top, "node_modules", "typescript", "bin", "tsc"), "-b"]);
  step("joining the kernel's modules", process.execPath, [join(top, ".ci", "bundle.mjs")]);
  mkdirSync(join(top, "dist", "assets"), { recursive: true });
  // The one bundle of plotly.js that exported pages carry; the package ships this file and not the 99 MB around it.
  const bundle = join(top, "node_modules", "plotly.js", "dist", "plotly-cartesian.min.js");
  cpSync(bundle, join(top, "dist", "assets", "plotly.min.js"));
  writeFileSync(built, "");
}

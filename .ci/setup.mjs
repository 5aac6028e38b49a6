/**
 * What `npm start` and `npm test` need before they run: the pinned packages and a current build.
 * Quick when nothing changed; needs only Node and npm.
 *
 *   node .ci/setup.mjs              the kernel
 *   node .ci/setup.mjs --interface  the notebook interface in the browser too, which has packages of its own
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const top = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(top, "node_modules", ".virtlab-lock");
const lock = readFileSync(join(top, "package-lock.json"), "utf8");

/** Runs one step, in the repository's top folder unless said otherwise, and ends the set-up where the step fails. */
function step(what, command, args, cwd = top) {
  console.error(`virtlab: ${what}…`);
  const shell = process.platform === "win32";
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", 2, 2], shell });
  if (status === 0) return;
  console.error(`virtlab: ${what} failed${error ? `: ${error.message}` : ""}. Mend the cause above and run it again.`);
  process.exit(1);
}

/** When the youngest file below a folder was changed; installed packages don't count. */
const newest = (dir) =>
  readdirSync(join(top, dir), { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .map((entry) => {
      const path = join(dir, entry.name);
      return entry.isDirectory() ? newest(path) : statSync(join(top, path)).mtimeMs;
    })
    .reduce((latest, time) => Math.max(latest, time), 0);

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

if (process.argv.includes("--interface")) {
  const folder = join(top, "kernel", "ui");
  const output = join(top, "dist", "ui");
  // By what the sources say and not by their times: a fresh clone with a cached build needs no new one.
  const hash = createHash("sha256").update(JSON.parse(readFileSync(join(top, "package.json"), "utf8")).version);
  const sources = readdirSync(folder).filter((name) => /\.(?:mjs|json|css)$/.test(name));
  for (const name of sources.sort()) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  const wanted = hash.digest("hex");
  const mark = join(output, ".built");
  if (!existsSync(mark) || readFileSync(mark, "utf8") !== wanted) {
    const uiLock = readFileSync(join(folder, "package-lock.json"), "utf8");
    const uiStamp = join(folder, "node_modules", ".virtlab-lock");
    if (!existsSync(uiStamp) || readFileSync(uiStamp, "utf8") !== uiLock) {
      // Nothing in the bundle needs a package's install script.
      step(
        "installing the notebook interface's packages (once)",
        "npm",
        ["ci", "--no-progress", "--ignore-scripts"],
        folder,
      );
      writeFileSync(uiStamp, uiLock);
    }
    step("building the notebook interface (once)", process.execPath, [join(folder, "build.mjs"), output]);
    writeFileSync(mark, wanted);
  }
}

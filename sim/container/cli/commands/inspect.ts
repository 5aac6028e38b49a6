import type { Activity } from "../../../core/index.js";
import type { Json } from "../../json.js";
import { CliError, DaemonError } from "../client.js";
import type { Context, DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { template } from "../template/execute.js";
import { TemplateError } from "../template/parse.js";

/** Kinds of objects in the order in which `docker inspect` looks for a name. */
const kinds = {
  container: (name: string) => `/containers/${encodeURIComponent(name)}/json`,
  image: (name: string) => `/images/${name}/json`,
  network: (name: string) => `/networks/${encodeURIComponent(name)}`,
  volume: (name: string) => `/volumes/${encodeURIComponent(name)}`,
} as const;
type Kind = keyof typeof kinds;

function* find(it: Context, name: string, among: readonly Kind[]): Activity<Json | undefined> {
  for (const kind of among)
    try {
      return yield* it.client.json("GET", kinds[kind](name), { query: { size: it.flags.flag("size") } });
    } catch (error) {
      if (!(error instanceof DaemonError) || (error.code !== 404 && error.code !== 400)) throw error;
    }
  return undefined;
}

/** What may be absent from a container's JSON, as nothing. */
const optional = ["Health", "Healthcheck", "SizeRw", "SizeRootFs"];

function* inspect(it: Context, among: readonly Kind[], object: string): Activity<number> {
  const format = it.flags.text("format");
  let render: ((data: unknown) => string) | undefined;
  if (format !== undefined && format !== "")
    try {
      render = template(format, { optional });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new CliError(`template parsing error: ${error.message}`, 64);
    }
  const found: Json[] = [];
  const failures: string[] = [];
  for (const name of it.args) {
    const one = yield* find(it, name, among);
    if (one === undefined) {
      failures.push(`Error: No such ${object}: ${name}`);
      continue;
    }
    found.push(one);
  }
  if (render === undefined) {
    it.out.put(found.length === 0 ? "[]\n" : `${JSON.stringify(found, null, 4)}\n`);
  } else {
    const lines: string[] = [];
    for (const one of found)
      try {
        lines.push(render(one));
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        failures.push(`template parsing error: ${error.message}`);
      }
    // Of nothing there is an empty line.
    it.out.put(`${lines.join("\n")}\n`);
  }
  if (failures.length > 0) throw new CliError(failures.join("\n"));
  return 0;
}

const formatFlag = flag("format", "f", "string", "Format the output using the given Go template");
const sizeFlag = flag("size", "s", "bool", "Display total file sizes if the type is container");

function one(kind: Kind, about: string): DockerCommand {
  const NAME = kind.toUpperCase();
  return {
    paths: [`${kind} inspect`],
    usage: `[OPTIONS] ${NAME} [${NAME}...]`,
    about,
    flags: kind === "container" ? [formatFlag, sizeFlag] : [formatFlag],
    operands: [1, Infinity],
    run: (it) => inspect(it, [kind], kind),
  };
}

const any: DockerCommand = {
  paths: ["inspect"],
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  about: "Return low-level information on Docker objects",
  flags: [formatFlag, sizeFlag, flag("type", "", "string", "Return JSON for specified type")],
  operands: [1, Infinity],
  run(it) {
    const type = it.flags.text("type") ?? "";
    if (type !== "" && !(type in kinds)) throw new CliError(`${JSON.stringify(type)} is not a valid value for --type`);
    const all = Object.keys(kinds) as Kind[];
    return inspect(it, type === "" ? all : [type as Kind], type === "" ? "object" : type);
  },
};

export const inspectCommands: readonly DockerCommand[] = [
  any,
  one("container", "Display detailed information on one or more containers"),
  one("image", "Display detailed information on one or more images"),
  one("network", "Display detailed information on one or more networks"),
  one("volume", "Display detailed information on one or more volumes"),
];

import { load as loadYaml, YAMLException } from "js-yaml";
import { UsageError, type Activity } from "../../../core/index.js";
import { attempt, Errno } from "../../../os/index.js";
import { Field, type Json } from "../../json.js";
import { readText, readTextIfThere } from "../../runtime/files.js";
import { CliError } from "../client.js";
import type { Context } from "../command.js";
import { absolute } from "../run-options.js";
import { interpolate, parseEnvFile, type Lookup } from "./interpolate.js";
import type { Project, ProjectNetwork, ProjectVolume, Service } from "./project.js";
import { demandKeys, envFilePaths, labelsOf, readService, resolve, type Surroundings } from "./read-service.js";

const usualNames = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Which files make the project: `-f`, or one of the usual names here or above. */
function* filesOf(it: Context): Activity<string[]> {
  const asked = it.variable("COMPOSE_FILE");
  if (asked !== undefined && asked !== "") {
    const paths: string[] = [];
    for (const one of asked.split(":")) paths.push(yield* absolute(it, one));
    return paths;
  }
  let directory = yield* absolute(it, ".");
  for (;;) {
    for (const name of usualNames) {
      const path = `${directory === "/" ? "" : directory}/${name}`;
      if (!((yield* attempt(it.sys.stat(path))) instanceof Errno)) return [path];
    }
    if (directory === "/") throw new CliError("no configuration file provided: not found", 14);
    directory = directory.slice(0, directory.lastIndexOf("/")) || "/";
  }
}

function parse(text: string, path: string): Json {
  try {
    return (loadYaml(text) ?? null) as Json;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark?.line;
    throw new CliError(`yaml: ${line === undefined ? "" : `line ${line + 1}: `}${error.reason} (in ${path})`, 15);
  }
}

/** Every text of a document with its variables put in; keys stay as they are. */
function filled(value: Json, lookup: Lookup, where: string): Json {
  const below = (key: string): string => (where === "" ? key : `${where}.${key}`);
  if (typeof value === "string") return interpolate(value, lookup, where);
  if (Array.isArray(value))
    return (value as readonly Json[]).map((one, place) => filled(one, lookup, `${where}[${place}]`));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, lookup, below(key))]));
}

/** Two files' documents as one: maps are joined, lists too but for commands, and other values are the later file's. */
function merged(first: Json, second: Json, key = ""): Json {
  const isMap = (one: Json): one is { readonly [key: string]: Json } =>
    typeof one === "object" && one !== null && !Array.isArray(one);
  if (isMap(first) && isMap(second)) {
    const keys = new Set([...Object.keys(first), ...Object.keys(second)]);
    return Object.fromEntries(
      [...keys].map((name) => {
        const [a, b] = [first[name], second[name]];
        return [name, a === undefined ? (b ?? null) : b === undefined ? a : merged(a, b, name)];
      }),
    );
  }
  if (Array.isArray(first) && Array.isArray(second) && !["command", "entrypoint", "test"].includes(key))
    return [...(first as readonly Json[]), ...(second as readonly Json[])];
  return second;
}

/** loader.NormalizeProjectName: what names of containers may begin with. */
const normalized = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");

/** Services in an order in which each comes behind what it depends on. @throws CliError for a ring */
function ordered(services: readonly Service[]): Service[] {
  const done: Service[] = [];
  const visit = (one: Service, above: readonly string[]): void => {
    if (done.includes(one)) return;
    if (above.includes(one.name))
      throw new CliError(
        `dependency cycle detected: ${[...above.slice(above.indexOf(one.name)), one.name].join(" -> ")}`,
      );
    for (const name of Object.keys(one.dependsOn)) {
      const other = services.find((each) => each.name === name);
      if (other === undefined)
        throw new CliError(`service "${one.name}" depends on undefined service "${name}": invalid compose project`);
      visit(other, [...above, one.name]);
    }
    done.push(one);
  };
  for (const one of services) visit(one, []);
  return done;
}

function readNetwork(key: string, field: Field, project: string): ProjectNetwork {
  const usual = {
    name: `${project}_${key}`,
    external: false,
    driver: "bridge",
    internal: false,
    subnet: undefined,
    labels: {},
  };
  if (field.absent) return usual;
  demandKeys(field, "attachable driver driver_opts enable_ipv6 external internal ipam labels name");
  const external = field.at("external").optional((one) => one.boolean()) ?? false;
  const ipam = field.at("ipam");
  const [first] = ipam.absent ? [] : (ipam.at("config").optional((one) => one.list()) ?? []);
  return {
    name: field.at("name").optional((one) => one.text()) ?? (external ? key : usual.name),
    external,
    driver: field.at("driver").optional((one) => one.text()) ?? usual.driver,
    internal: field.at("internal").optional((one) => one.boolean()) ?? false,
    subnet: first?.at("subnet").optional((one) => one.text()),
    labels: labelsOf(field.at("labels")),
  };
}

function readVolume(key: string, field: Field, project: string): ProjectVolume {
  if (field.absent) return { name: `${project}_${key}`, external: false, labels: {} };
  demandKeys(field, "driver driver_opts external labels name");
  const external = field.at("external").optional((one) => one.boolean()) ?? false;
  const name = field.at("name").optional((one) => one.text()) ?? (external ? key : `${project}_${key}`);
  return { name, external, labels: labelsOf(field.at("labels")) };
}

const entriesAt = (document: Field, key: string): [string, Field][] =>
  document.at(key).optional((one) => one.entries()) ?? [];

/** Each field says where it stands without the word for the whole: "services.web". */
function topField(value: Json): Field {
  const document = new Field(value, "compose file");
  const rename = (field: Field, where: string): Field => new Field(field.value, where);
  class Top extends Field {
    override at(key: string): Field {
      return rename(document.at(key), key);
    }
  }
  return new Top(value, "compose file");
}

/**
 * Reads the project that the command line and the directory name.
 * @param profiles whose services count, beside those that have none
 * @throws CliError, naming file, service and key
 */
export function* loadProject(it: Context): Activity<Project> {
  const files = yield* filesOf(it);
  const [first = ""] = files;
  const directory = yield* absolute(
    it,
    it.variable("COMPOSE_PROJECT_DIRECTORY") ?? (first.slice(0, first.lastIndexOf("/")) || "/"),
  );
  const own = yield* readTextIfThere(it.sys, `${directory === "/" ? "" : directory}/.env`);
  const settings =
    own === undefined ? new Map<string, string>() : parseEnvFile(own, (name) => it.variable(name), ".env");
  const lookup: Lookup = (name) => it.variable(name) ?? settings.get(name);
  try {
    let document: Json = {};
    for (const path of files) {
      const text = yield* attempt(readText(it.sys, path));
      if (text instanceof Errno) throw new CliError(`open ${path}: ${text.message.toLowerCase()}`, 14);
      const value = filled(parse(text, path), lookup, "");
      if (typeof value !== "object" || value === null || Array.isArray(value))
        throw new CliError(`validating ${path}: top-level object must be a mapping`, 15);
      document = merged(document, value);
    }
    return yield* read(it, { document, files, directory, lookup });
  } catch (error) {
    if (error instanceof UsageError) throw new CliError(`validating ${first}: ${error.message}`, 15);
    if (error instanceof CliError && error.message.includes("additional properties"))
      throw new CliError(`validating ${first}: ${error.message}`, 15);
    throw error instanceof CliError && error.status === 1 ? new CliError(error.message, 15) : error;
  }
}

function* read(
  it: Context,
  given: {
    readonly document: Json;
    readonly files: readonly string[];
    readonly directory: string;
    readonly lookup: Lookup;
  },
): Activity<Project> {
  const { files, directory, lookup } = given;
  const top = topField(given.document);
  demandKeys(new Field(given.document, "(root)"), "name version services networks volumes");
  const warnings = top.at("version").absent
    ? []
    : [
        `${files[0] ?? ""}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
      ];
  const asked = it.variable("COMPOSE_PROJECT_NAME") ?? top.at("name").optional((one) => one.text());
  const name = asked ?? normalized(directory.slice(directory.lastIndexOf("/") + 1));
  if (name === "" || normalized(name) !== name)
    throw new CliError(
      asked === undefined
        ? "project name must not be empty: give -p, or a name in the file"
        : `invalid project name "${name}": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
    );
  const fields = entriesAt(top, "services");
  if (fields.length === 0) throw new CliError("no service selected: the file has no services");
  const envFiles = new Map<string, ReadonlyMap<string, string | undefined>>();
  for (const [, field] of fields)
    for (const path of envFilePaths(field)) {
      const whole = resolve(directory, path);
      const text = yield* readTextIfThere(it.sys, whole);
      if (text === undefined)
        throw new CliError(`env file ${whole} not found: stat ${whole}: no such file or directory`);
      envFiles.set(whole, parseEnvFile(text, lookup, whole));
    }
  const around: Surroundings = { project: name, directory, lookup, envFiles };
  const profiles = (it.variable("COMPOSE_PROFILES") ?? "").split(",");
  const all = fields.map(([key, field]) => readService(key, field, around));
  const active = all.filter((one) => one.profiles.length === 0 || one.profiles.some((each) => profiles.includes(each)));
  const declared = new Map(entriesAt(top, "networks").map(([key, field]) => [key, readNetwork(key, field, name)]));
  const volumes = new Map(entriesAt(top, "volumes").map(([key, field]) => [key, readVolume(key, field, name)]));
  const used = new Set(active.flatMap((one) => Object.keys(one.networks)));
  if (used.has("default") && !declared.has("default"))
    declared.set("default", readNetwork("default", new Field(null, "networks.default"), name));
  for (const one of active) {
    for (const key of Object.keys(one.networks))
      if (!declared.has(key))
        throw new CliError(`service "${one.name}" refers to undefined network ${key}: invalid compose project`);
    for (const { type, source } of one.volumes)
      if (type === "volume" && source !== undefined && !volumes.has(source))
        throw new CliError(`service "${one.name}" refers to undefined volume ${source}: invalid compose project`);
  }
  return {
    ...{ name, directory, files, warnings },
    services: ordered(active),
    networks: Object.fromEntries([...declared].filter(([key]) => used.has(key))),
    volumes: Object.fromEntries(volumes),
  };
}

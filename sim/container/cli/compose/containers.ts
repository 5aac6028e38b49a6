/** A project's containers: found by their labels, made of services, and brought to what the file says. */
import type { Activity } from "../../../core/index.js";
import { digestOf } from "../../image/digest.js";
import { encodeJson, type Field } from "../../json.js";
import { CliError, containerPath, DaemonError } from "../client.js";
import type { Context } from "../command.js";
import { fieldOf, filtersOf, listAt, mapAt, numberAt, textAt } from "../rows.js";
import { restartPolicy } from "../run-options.js";
import type { Project, Service } from "./project.js";

const label = (name: string): string => `com.docker.compose.${name}`;

/** A container of a project, as the engine has it. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  readonly number: number;
  /** "running", "exited", … */
  readonly state: string;
  /** Of what it was made from. */
  readonly hash: string;
  readonly imageId: string;
  /** The row of GET /containers/json. */
  readonly row: Field;
}

/** All containers of a project, those that have ended too, by service and number. */
export function* members(it: Context, project: Pick<Project, "name">): Activity<Member[]> {
  const query = { all: true, filters: filtersOf([`label=${label("project")}=${project.name}`]) };
  return fieldOf(yield* it.client.json("GET", "/containers/json", { query }))
    .list()
    .map((row): Member => {
      const labels = new Map(mapAt(row, "Labels").map(([key, value]) => [key, value.text()]));
      return {
        id: textAt(row, "Id"),
        name: listAt(row, "Names")[0]?.text().replace(/^\//, "") ?? "",
        service: labels.get(label("service")) ?? "",
        number: Number(labels.get(label("container-number")) ?? 0),
        state: textAt(row, "State"),
        hash: labels.get(label("config-hash")) ?? "",
        imageId: textAt(row, "ImageID"),
        row,
      };
    })
    .sort((a, b) => (a.service === b.service ? a.number - b.number : a.service < b.service ? -1 : 1));
}

/** Labels of what belongs to a project. */
const projectLabels = (project: Project): Readonly<Record<string, string>> => ({
  [label("project")]: project.name,
  [label("version")]: "2.32.4",
});

export const networkLabels = (project: Project, key: string): Readonly<Record<string, string>> => ({
  ...project.networks[key]?.labels,
  ...projectLabels(project),
  [label("network")]: key,
});

export const volumeLabels = (project: Project, key: string): Readonly<Record<string, string>> => ({
  ...project.volumes[key]?.labels,
  ...projectLabels(project),
  [label("volume")]: key,
});

/** What a container is made from, in one number: where it changes, the container is made anew. How many there are doesn't count. */
export const hashOf = (service: Service): string =>
  digestOf(encodeJson({ ...service, replicas: 1, dependsOn: {}, profiles: [] })).slice("sha256:".length);

const nameOf = (project: Project, service: Service, number: number): string =>
  service.containerName ?? `${project.name}-${service.name}-${number}`;

function mountsOf(project: Project, { volumes }: Service): object[] {
  return volumes.map(({ type, source, target, readOnly }) => ({
    Type: type,
    Target: target,
    ReadOnly: readOnly,
    ...(source !== undefined && { Source: type === "volume" ? (project.volumes[source]?.name ?? source) : source }),
  }));
}

/** The body of POST /containers/create. The first network is the one that it begins in; others are connected afterwards. */
function bodyOf(project: Project, service: Service, number: number): object {
  const { environment, ports, expose, networkMode, networks } = service;
  const bindings: Record<string, { readonly HostIp: string; readonly HostPort: string }[]> = {};
  for (const { target, published, protocol, host } of ports)
    (bindings[`${target}/${protocol}`] ??= []).push({ HostIp: host, HostPort: published });
  const exposed = [...Object.keys(bindings), ...expose.map((one) => (one.includes("/") ? one : `${one}/tcp`))];
  const [first] = Object.keys(networks);
  const mode = networkModeOf(project, networkMode) ?? (first === undefined ? "none" : networkName(project, first));
  return {
    ...service.config,
    Image: service.image,
    Cmd: service.command ?? null,
    Entrypoint: service.entrypoint ?? null,
    Env: Object.entries(environment).flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`])),
    ExposedPorts: Object.fromEntries(exposed.map((one) => [one, {}])),
    Healthcheck: service.healthcheck,
    Labels: {
      ...service.labels,
      ...projectLabels(project),
      [label("service")]: service.name,
      [label("container-number")]: String(number),
      [label("oneoff")]: "False",
      [label("config-hash")]: hashOf(service),
      [label("project.working_dir")]: project.directory,
      [label("project.config_files")]: project.files.join(","),
    },
    HostConfig: {
      ...service.host,
      NetworkMode: mode,
      PortBindings: bindings,
      RestartPolicy: restartPolicy(service.restart),
      Mounts: mountsOf(project, service),
      Tmpfs: Object.fromEntries(service.tmpfs.map((one) => [one.split(":")[0] ?? "", one.split(":")[1] ?? ""])),
    },
    NetworkingConfig: {
      EndpointsConfig: first === undefined ? {} : { [mode]: endpointOf(project, service, number, first) },
    },
  };
}

const networkName = (project: Project, key: string): string => project.networks[key]?.name ?? key;

/** "service:db" is the network of that service's first container. */
function networkModeOf(project: Project, mode: string | undefined): string | undefined {
  const other = /^service:(.+)$/.exec(mode ?? "")?.[1];
  if (other === undefined) return mode;
  const service = project.services.find(({ name }) => name === other);
  if (service === undefined) throw new CliError(`network_mode: no such service: ${other}`);
  return `container:${nameOf(project, service, 1)}`;
}

/** Its names in a network: the service's, under which all of a service are found, and what it asks for. */
function endpointOf(project: Project, service: Service, number: number, key: string): object {
  const { aliases = [], address } = service.networks[key] ?? {};
  return {
    Aliases: [...new Set([service.name, ...aliases, nameOf(project, service, number)])],
    ...(address !== undefined && { IPAMConfig: { IPv4Address: address } }),
  };
}

/** Says what happens to what, as Compose does without a terminal. */
export const report = (it: Context, kind: string, name: string, what: string): Activity<undefined> =>
  it.tell(` ${kind} ${kind === "Volume" ? JSON.stringify(name) : name}  ${what}\n`);

export function* createMember(it: Context, project: Project, service: Service, number: number): Activity<string> {
  const name = nameOf(project, service, number);
  yield* report(it, "Container", name, "Creating");
  const json = bodyOf(project, service, number);
  const made = fieldOf(yield* it.client.json("POST", "/containers/create", { json, query: { name } }));
  const [, ...others] = Object.keys(service.networks);
  for (const key of others)
    yield* it.client.ask("POST", `/networks/${networkName(project, key)}/connect`, {
      json: { Container: name, EndpointConfig: endpointOf(project, service, number, key) },
    });
  yield* report(it, "Container", name, "Created");
  return textAt(made, "Id");
}

export function* stopMember(it: Context, one: Member, timeout: number | undefined): Activity<undefined> {
  if (!["running", "paused", "restarting"].includes(one.state)) return undefined;
  yield* report(it, "Container", one.name, "Stopping");
  yield* it.client.ask("POST", containerPath(one.id, "stop"), { query: { t: timeout } });
  return yield* report(it, "Container", one.name, "Stopped");
}

export function* removeMember(it: Context, one: Member, volumes = false): Activity<undefined> {
  yield* report(it, "Container", one.name, "Removing");
  yield* it.client.ask("DELETE", containerPath(one.id), { query: { force: true, v: volumes } });
  return yield* report(it, "Container", one.name, "Removed");
}

/** How a container does: its state, its health where it is looked after, and what it ended with. */
export function* conditionOf(
  it: Context,
  id: string,
): Activity<{ readonly running: boolean; readonly health: string | undefined; readonly exitCode: number }> {
  const state = fieldOf(yield* it.client.json("GET", containerPath(id, "json"))).at("State");
  const health = state.at("Health");
  return {
    running: state.at("Running").boolean(),
    health: health.absent ? undefined : textAt(health, "Status"),
    exitCode: numberAt(state, "ExitCode"),
  };
}

/** Whether there is such an object. */
export function* exists(it: Context, path: string): Activity<boolean> {
  try {
    yield* it.client.ask("GET", path);
    return true;
  } catch (error) {
    if (error instanceof DaemonError && error.code === 404) return false;
    throw error;
  }
}

/** Bringing a project to what its file says: networks, volumes, images, then each service behind what it depends on. */
import { ms, type Activity } from "../../../core/index.js";
import { buildImage, directoryContext } from "../commands/build.js";
import { pullImage } from "../commands/transfers.js";
import { CliError, containerPath, DaemonError } from "../client.js";
import type { Context } from "../command.js";
import { fieldOf, textAt } from "../rows.js";
import type { Condition, Project, Service } from "./project.js";
import {
  conditionOf,
  createMember,
  exists,
  hashOf,
  members,
  networkLabels,
  removeMember,
  report,
  stopMember,
  volumeLabels,
  type Member,
} from "./containers.js";

/** How often a container's health is looked at. */
const lookEvery = ms(500);

export interface UpOptions {
  /** Services that are asked for, and what they depend on; all where there are none. */
  readonly services: readonly string[];
  readonly scale: ReadonlyMap<string, number>;
  readonly build: boolean;
  readonly forceRecreate: boolean;
  readonly noRecreate: boolean;
  readonly noDependencies: boolean;
  readonly start: boolean;
  /** In seconds, for those that are stopped. */
  readonly timeout: number | undefined;
}

/** The services that are asked for, in the project's order. @throws CliError for one that there isn't */
export function selected(project: Project, names: readonly string[], dependencies: boolean): Service[] {
  const wanted = new Set<string>();
  const add = (name: string): void => {
    if (wanted.has(name)) return;
    const service = project.services.find((one) => one.name === name);
    if (service === undefined) throw new CliError(`no such service: ${name}`);
    wanted.add(name);
    if (dependencies) for (const other of Object.keys(service.dependsOn)) add(other);
  };
  for (const name of names.length === 0 ? project.services.map((one) => one.name) : names) add(name);
  return project.services.filter(({ name }) => wanted.has(name));
}

/** Builds a service's image. */
export function* buildService(it: Context, service: Service, noCache: boolean): Activity<undefined> {
  const { build } = service;
  if (build === undefined) return undefined;
  const { args, labels, target } = build;
  const context = yield* directoryContext(it, build.context, build.dockerfile);
  yield* buildImage(it, { context, tags: [service.image], args, labels, target, noCache, quiet: false }, (text) =>
    it.say(text),
  );
  yield* report(it, "Service", service.name, "Built");
  return undefined;
}

/** @returns the id of the image that a service is made of, pulled or built where it isn't there */
function* imageOf(it: Context, service: Service, build: boolean): Activity<string> {
  const path = `/images/${service.image}/json`;
  if (service.build !== undefined && (build || !(yield* exists(it, path)))) yield* buildService(it, service, false);
  else if (service.pullPolicy === "always" || !(yield* exists(it, path))) {
    if (service.pullPolicy === "never")
      throw new CliError(
        `Error response from daemon: No such image: ${service.image} (service ${service.name} has pull_policy never)`,
      );
    yield* it.tell(` ${service.name} Pulling \n`);
    yield* pullImage(it, service.image, "nowhere");
    yield* it.tell(` ${service.name} Pulled \n`);
  }
  return textAt(fieldOf(yield* it.client.json("GET", path)), "Id");
}

function* prepare(it: Context, project: Project, services: readonly Service[]): Activity<undefined> {
  const used = new Set(services.flatMap((one) => Object.keys(one.networks)));
  for (const [key, network] of Object.entries(project.networks)) {
    if (!used.has(key) || (yield* exists(it, `/networks/${network.name}`))) continue;
    if (network.external) throw new CliError(`network ${network.name} declared as external, but could not be found`);
    yield* report(it, "Network", network.name, "Creating");
    yield* it.client.ask("POST", "/networks/create", {
      json: {
        Name: network.name,
        Driver: network.driver,
        Internal: network.internal,
        Labels: networkLabels(project, key),
        ...(network.subnet !== undefined && { IPAM: { Config: [{ Subnet: network.subnet }] } }),
      },
    });
    yield* report(it, "Network", network.name, "Created");
  }
  const mounted = new Set(services.flatMap((one) => one.volumes.map(({ source }) => source)));
  for (const [key, volume] of Object.entries(project.volumes)) {
    if (!mounted.has(key) || (yield* exists(it, `/volumes/${volume.name}`))) continue;
    if (volume.external) throw new CliError(`external volume ${JSON.stringify(volume.name)} not found`);
    yield* report(it, "Volume", volume.name, "Creating");
    yield* it.client.ask("POST", "/volumes/create", {
      json: { Name: volume.name, Labels: volumeLabels(project, key) },
    });
    yield* report(it, "Volume", volume.name, "Created");
  }
  return undefined;
}

/** Makes and takes away a service's containers until there are as many as there should be, each as it should be. */
function* converge(
  it: Context,
  project: Project,
  service: Service,
  {
    options,
    present,
    imageId,
  }: { readonly options: UpOptions; readonly present: readonly Member[]; readonly imageId: string },
): Activity<undefined> {
  const count = options.scale.get(service.name) ?? service.replicas;
  if (count > 1 && service.containerName !== undefined)
    throw new CliError(
      `the "${service.name}" service is using the custom container name "${service.containerName}". Docker requires each container to have a unique name. Remove the custom name to scale the service`,
    );
  const own = present.filter((one) => one.service === service.name);
  for (const one of own.slice(count).reverse()) {
    yield* stopMember(it, one, options.timeout ?? service.stopGracePeriod);
    yield* removeMember(it, one);
  }
  const kept = own.slice(0, count);
  const numbers = new Set(kept.map(({ number }) => number));
  for (const one of kept) {
    const differs = one.hash !== hashOf(service) || one.imageId !== imageId;
    if (!options.forceRecreate && (!differs || options.noRecreate)) continue;
    yield* report(it, "Container", one.name, "Recreate");
    yield* it.client.ask("POST", containerPath(one.id, "stop"), {
      query: { t: options.timeout ?? service.stopGracePeriod },
    });
    yield* it.client.ask("DELETE", containerPath(one.id), { query: { force: true } });
    yield* createMember(it, project, service, one.number);
    yield* report(it, "Container", one.name, "Recreated");
  }
  for (let number = 1; numbers.size < count; number++) {
    if (numbers.has(number)) continue;
    numbers.add(number);
    yield* createMember(it, project, service, number);
  }
  return undefined;
}

/** Waits until those that a service depends on have come as far as it asks. @throws CliError where one won't */
function* awaitDependencies(it: Context, project: Project, service: Service): Activity<undefined> {
  for (const [name, condition] of Object.entries(service.dependsOn))
    if (condition !== "service_started") yield* awaitCondition(it, project, name, condition);
  return undefined;
}

/** Waits until all containers of a service have come that far. @throws CliError where one won't */
export function* awaitCondition(
  it: Context,
  project: Project,
  service: string,
  condition: Condition,
): Activity<undefined> {
  for (const one of yield* members(it, project)) if (one.service === service) yield* awaitOne(it, one, condition);
  return undefined;
}

function* awaitOne(it: Context, one: Member, condition: Condition): Activity<undefined> {
  yield* report(it, "Container", one.name, "Waiting");
  for (;;) {
    const { running, health, exitCode } = yield* conditionOf(it, one.id);
    if (condition === "service_completed_successfully") {
      if (!running) {
        if (exitCode === 0) return yield* report(it, "Container", one.name, "Exited");
        throw new CliError(`service "${one.service}" didn't complete successfully: exit ${exitCode}`);
      }
    } else {
      if (health === undefined) throw new CliError(`container ${one.name} has no healthcheck configured`);
      if (health === "healthy") return yield* report(it, "Container", one.name, "Healthy");
      const why = !running ? `exited (${exitCode})` : health === "unhealthy" ? "is unhealthy" : undefined;
      if (why !== undefined) {
        yield* report(it, "Container", one.name, "Error");
        throw new CliError(`dependency failed to start: container ${one.name} ${why}`);
      }
    }
    yield* it.sys.nanosleep(lookEvery);
  }
}

/** `docker compose up --detach`. */
export function* up(it: Context, project: Project, options: UpOptions): Activity<undefined> {
  for (const name of options.scale.keys())
    if (!project.services.some((one) => one.name === name)) throw new CliError(`no such service: ${name}`);
  const services = selected(project, options.services, !options.noDependencies);
  const images = new Map<string, string>();
  for (const service of services) images.set(service.name, yield* imageOf(it, service, options.build));
  yield* prepare(it, project, services);
  for (const service of services) {
    const present = yield* members(it, project);
    yield* converge(it, project, service, { options, present, imageId: images.get(service.name) ?? "" });
  }
  if (!options.start) return undefined;
  for (const service of services) {
    if (!options.noDependencies) yield* awaitDependencies(it, project, service);
    yield* startService(it, project, service);
  }
  return undefined;
}

/** Starts what of a service doesn't run. */
export function* startService(it: Context, project: Project, service: Service): Activity<undefined> {
  for (const one of (yield* members(it, project)).filter((each) => each.service === service.name)) {
    if (one.state === "running") {
      yield* report(it, "Container", one.name, "Running");
      continue;
    }
    yield* report(it, "Container", one.name, "Starting");
    try {
      yield* it.client.ask("POST", containerPath(one.id, "start"));
    } catch (error) {
      if (error instanceof DaemonError) throw new CliError(error.message);
      throw error;
    }
    yield* report(it, "Container", one.name, "Started");
  }
  return undefined;
}

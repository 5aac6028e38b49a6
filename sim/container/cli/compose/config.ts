import { dump } from "js-yaml";
import type { Project, Service } from "./project.js";

const filled = (value: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(value).filter(
      ([, one]) =>
        one !== undefined &&
        one !== null &&
        !(Array.isArray(one) && one.length === 0) &&
        !(typeof one === "object" && !Array.isArray(one) && Object.keys(one).length === 0),
    ),
  );

const duration = (nanos: number | undefined): string | undefined =>
  nanos === undefined ? undefined : `${nanos / 1e9}s`;

function serviceDocument(project: Project, service: Service): object {
  const { build, healthcheck, host, config } = service;
  return filled({
    build:
      build &&
      filled({ ...build, dockerfile: build.dockerfile === "" ? `${build.context}/Dockerfile` : build.dockerfile }),
    cap_add: host["CapAdd"],
    cap_drop: host["CapDrop"],
    command: service.command,
    container_name: service.containerName,
    depends_on: Object.fromEntries(
      Object.entries(service.dependsOn).map(([name, condition]) => [name, { condition, required: true }]),
    ),
    deploy: service.replicas === 1 ? undefined : { replicas: service.replicas },
    entrypoint: service.entrypoint,
    environment: service.environment,
    expose: service.expose,
    healthcheck:
      healthcheck &&
      filled({
        test: healthcheck.Test,
        interval: duration(healthcheck.Interval),
        timeout: duration(healthcheck.Timeout),
        retries: healthcheck.Retries,
        start_period: duration(healthcheck.StartPeriod),
      }),
    hostname: config["Hostname"],
    image: build === undefined || service.image !== `${project.name}-${service.name}` ? service.image : undefined,
    labels: service.labels,
    mem_limit: host["Memory"] === undefined ? undefined : `${host["Memory"] as number}`,
    network_mode: service.networkMode,
    networks: Object.fromEntries(
      Object.entries(service.networks).map(([key, { aliases, address }]) => {
        const more = filled({ aliases, ipv4_address: address });
        return [key, Object.keys(more).length === 0 ? null : more];
      }),
    ),
    ports: service.ports.map(({ target, published, protocol, host: address }) =>
      filled({ mode: "ingress", host_ip: address || undefined, target, published: published || undefined, protocol }),
    ),
    restart: service.restart === "no" ? undefined : service.restart,
    tmpfs: service.tmpfs,
    user: config["User"],
    volumes: service.volumes.map(({ type, source, target, readOnly }) =>
      filled({ type, source, target, read_only: readOnly || undefined }),
    ),
    working_dir: config["WorkingDir"],
  });
}

/** The project as `docker compose config` shows it: the file with everything filled in, services by their names. */
export function configText(project: Project): string {
  const services = [...project.services].sort((a, b) => (a.name < b.name ? -1 : 1));
  const document = filled({
    name: project.name,
    services: Object.fromEntries(services.map((one) => [one.name, serviceDocument(project, one)])),
    networks: Object.fromEntries(
      Object.entries(project.networks).map(([key, { name, external, internal, subnet }]) => [
        key,
        filled({
          name,
          external: external || undefined,
          internal: internal || undefined,
          ipam: subnet === undefined ? undefined : { config: [{ subnet }] },
        }),
      ]),
    ),
    volumes: Object.fromEntries(
      Object.entries(project.volumes).map(([key, { name, external }]) => [
        key,
        filled({ name, external: external || undefined }),
      ]),
    ),
  });
  return dump(document, { lineWidth: -1, noRefs: true });
}

/** What a Compose file says, with everything filled in. */

export type Condition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface Build {
  /** From the root on. */
  readonly context: string;
  readonly dockerfile: string;
  readonly args: Readonly<Record<string, string | null>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string | undefined;
}

export interface ServicePort {
  readonly target: number;
  /** "" is any that is free; "8000-8010" one of a range. */
  readonly published: string;
  readonly protocol: string;
  readonly host: string;
}

export interface ServiceVolume {
  readonly type: "bind" | "volume" | "tmpfs";
  /** A path from the root on, or a key of the project's volumes; undefined is a volume without a name. */
  readonly source: string | undefined;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ServiceNetwork {
  readonly aliases: readonly string[];
  readonly address: string | undefined;
}

/** Of POST /containers/create; durations in nanoseconds. */
export interface Healthcheck {
  readonly Test: readonly string[];
  readonly Interval?: number | undefined;
  readonly Timeout?: number | undefined;
  readonly StartPeriod?: number | undefined;
  readonly StartInterval?: number | undefined;
  readonly Retries?: number | undefined;
}

export interface Service {
  readonly name: string;
  readonly image: string;
  readonly build: Build | undefined;
  readonly pullPolicy: string;
  readonly command: readonly string[] | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string | null>>;
  readonly ports: readonly ServicePort[];
  readonly expose: readonly string[];
  readonly volumes: readonly ServiceVolume[];
  readonly tmpfs: readonly string[];
  /** By the keys of the project's networks; none where `networkMode` says otherwise. */
  readonly networks: Readonly<Record<string, ServiceNetwork>>;
  readonly networkMode: string | undefined;
  readonly dependsOn: Readonly<Record<string, Condition>>;
  readonly healthcheck: Healthcheck | undefined;
  readonly replicas: number;
  readonly restart: string;
  readonly containerName: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly profiles: readonly string[];
  /** In seconds. */
  readonly stopGracePeriod: number | undefined;
  /** Fields that go into the API's body as they are. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly host: Readonly<Record<string, unknown>>;
}

export interface ProjectNetwork {
  /** What the engine calls it: "app_default". */
  readonly name: string;
  readonly external: boolean;
  readonly driver: string;
  readonly internal: boolean;
  readonly subnet: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ProjectVolume {
  readonly name: string;
  readonly external: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Project {
  readonly name: string;
  readonly directory: string;
  readonly files: readonly string[];
  /** In an order in which each comes behind what it depends on. */
  readonly services: readonly Service[];
  readonly networks: Readonly<Record<string, ProjectNetwork>>;
  readonly volumes: Readonly<Record<string, ProjectVolume>>;
  readonly warnings: readonly string[];
}

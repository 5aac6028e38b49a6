import { UsageError, withDefaults, type World } from "../../core/index.js";
import {
  directTransport,
  dockerHub,
  namespacePolicy,
  Registry,
  Session,
  type Credentials,
  type RateLimitOptions,
  type Uplink,
} from "../../container/index.js";

export interface RegistryOptions {
  /** Users' passwords: each may push below its own name, all may pull. Where there are none, everybody may do everything. */
  readonly users: Readonly<Record<string, string>>;
  /** Pulls in a window; Docker Hub's of 2020 to 2025 for "docker.io", else none. */
  readonly rateLimit: RateLimitOptions | undefined;
}

/** The name under which engines know Docker Hub. */
const hub = "docker.io";

const worlds = new WeakMap<World["engine"], Map<string, Registry>>();

const registriesOf = ({ engine }: World): Map<string, Registry> => {
  let all = worlds.get(engine);
  if (all === undefined) worlds.set(engine, (all = new Map<string, Registry>()));
  return all;
};

/** What stands before an image's first slash: a registry where it has a dot or a colon (`image/reference`). */
const registryName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::\d+)?$/;

/**
 * A world's registry of a name, the same at each call; "docker.io" is the simulated Docker Hub.
 * @param options what it is made with, at its first use
 * @throws UsageError for a name that no image can have before its slash, an unknown option, and options for one that there is
 */
export function registryOf(world: World, name: string, options?: Partial<RegistryOptions>): Registry {
  const all = registriesOf(world);
  const known = all.get(name);
  if (known !== undefined && options === undefined) return known;
  if (known !== undefined)
    throw new UsageError(`the registry "${name}" is there already`, "Give its options before its first use.");
  if (!registryName.test(name) || !(/[.:]/.test(name) || name === "localhost"))
    throw new UsageError(`"${name}" is no registry's name`, 'Give it a dot or a port: "registry.campus".');
  const asked = withDefaults<RegistryOptions>("registry", options, { users: {}, rateLimit: undefined });
  const made = name === hub ? makeHub(world, asked) : makeRegistry(world, name, asked);
  all.set(name, made);
  return made;
}

const makeHub = (world: World, { users, rateLimit }: RegistryOptions): Registry =>
  dockerHub(world, { users, ...(rateLimit !== undefined && { rateLimit }) });

function makeRegistry(world: World, name: string, { users, rateLimit }: RegistryOptions): Registry {
  const open = Object.keys(users).length === 0;
  const access = open ? undefined : namespacePolicy({ realm: `https://${name}/token`, service: name, users });
  return new Registry({ world, access, rateLimit });
}

/** One engine's sessions with its world's registries, over its link where it has one. */
export class Sessions {
  readonly #world: World;
  readonly #uplink: Uplink | undefined;
  /** Of who gives no name. */
  readonly #anonymous = new Map<string, Session>();

  constructor(world: World, uplink: Uplink | undefined) {
    this.#world = world;
    this.#uplink = uplink;
  }

  /** @returns undefined where the world has no registry of this name */
  with(name: string, credentials?: Credentials): Session | undefined {
    const registry = name === hub ? registryOf(this.#world, hub) : registriesOf(this.#world).get(name);
    if (registry === undefined) return undefined;
    const known = credentials === undefined ? this.#anonymous.get(name) : undefined;
    if (known !== undefined) return known;
    const handler = registry.handle.bind(registry);
    const session = new Session(this.#world.engine, this.#uplink?.to(handler) ?? directTransport(handler), credentials);
    if (credentials === undefined) this.#anonymous.set(name, session);
    return session;
  }
}

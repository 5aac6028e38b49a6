import { withDefaults, type World } from "../../core/index.js";
import { ContentStore } from "../image/content-store.js";
import { makeImage, makeIndex, type Image } from "../image/image.js";
import { makeLayer, type Layer } from "../image/layer.js";
import { namespacePolicy } from "../registry/authorization.js";
import type { RateLimitOptions } from "../registry/rate-limit.js";
import { Registry } from "../registry/registry.js";
import { secondsOf } from "../timestamp.js";
import { catalog, type ImagePlan, type LayerPlan } from "./catalog.js";

export interface DockerHubOptions {
  /** Users' passwords: each may push below its own name. */
  readonly users: Readonly<Record<string, string>>;
  /** Docker Hub's of 2020 to 2025 where absent: 100 pulls in 6 hours by address, 200 by user. */
  readonly rateLimit: RateLimitOptions;
  /** Where tokens are got: for clients of a bridge, its own address. */
  readonly realm: string;
}

/** Processors that images are there for: OCI's name and uname(2)'s. */
const platforms = [
  ["amd64", "x86_64"],
  ["arm64", "aarch64"],
  ["riscv64", "riscv64"],
] as const;

const usualLimit: RateLimitOptions = { anonymous: 100, authenticated: 200, window: 6 * 3600 };

/** Layers are made once for all images that begin with them. */
class Bakery {
  readonly content: ContentStore = new ContentStore();
  readonly #layers = new Map<LayerPlan, Map<string, Layer>>();

  image(plan: ImagePlan, architecture: string, machine: string): Image {
    const { created, config } = plan;
    return makeImage(this.content, {
      layers: plan.layers.map((layer) => this.#layer(layer, machine, created)),
      config: {
        created,
        architecture,
        os: "linux",
        config,
        history: [
          ...plan.layers.map(({ by }) => ({ created, created_by: by })),
          { created, created_by: `CMD ${JSON.stringify(config.Cmd ?? [])}`, empty_layer: true },
        ],
      },
    });
  }

  #layer(plan: LayerPlan, machine: string, created: string): Layer {
    let made = this.#layers.get(plan);
    if (made === undefined) this.#layers.set(plan, (made = new Map<string, Layer>()));
    let layer = made.get(machine);
    if (layer === undefined) {
      layer = makeLayer(plan.files(machine, secondsOf(created)).entries(), plan.transferSize);
      made.set(machine, layer);
    }
    return layer;
  }
}

/** The catalogue as blobs. They follow from the catalogue alone, so all hubs of this process share them: baking takes some hundred milliseconds. */
let shelf: { readonly content: ContentStore; readonly rows: readonly Baked[] } | undefined;

interface Baked {
  readonly plan: ImagePlan;
  readonly images: readonly Image[];
  readonly index: ReturnType<typeof makeIndex>;
}

function bake(): NonNullable<typeof shelf> {
  if (shelf !== undefined) return shelf;
  const bakery = new Bakery();
  const { content } = bakery;
  const rows = catalog.map((plan) => {
    const images = platforms.map(([architecture, machine]) => bakery.image(plan, architecture, machine));
    return { plan, images, index: makeIndex(content, images) };
  });
  return (shelf = { content, rows });
}

/**
 * A simulated Docker Hub: a registry with official-like images that are our own, for amd64, arm64 and riscv64, with tokens
 * and limits on pulls. Their programs are those of the simulated userland; an executable that names a program which a
 * kernel hasn't installed fails with ENOEXEC, as another processor's would.
 */
export function dockerHub(world: World, options?: Partial<DockerHubOptions>): Registry {
  const { users, rateLimit, realm } = withDefaults<DockerHubOptions>("dockerHub", options, {
    users: {},
    rateLimit: usualLimit,
    realm: "https://auth.docker.io/token",
  });
  const access = namespacePolicy({ realm, service: "registry.docker.io", users });
  const hub = new Registry({ world, access, rateLimit });
  const { content, rows } = bake();
  for (const { plan, images, index } of rows) hub.publish(content, `library/${plan.name}`, plan.tags, images, index);
  return hub;
}

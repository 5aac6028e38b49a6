import { createWorld, type World } from "../../../sim/core/index.js";
import { Cable, ethernet, NetworkNamespace, type LinkOptions } from "../../../sim/net/index.js";

/** Two hosts, 10.0.0.1 and 10.0.0.2, and the cable between them. */
export interface Pair {
  readonly world: World;
  readonly a: NetworkNamespace;
  readonly b: NetworkNamespace;
  readonly cable: Cable;
}

export function pair(options?: Partial<LinkOptions>, seed = 1): Pair {
  const world = createWorld({ seed });
  const cable = new Cable(world, options);
  const [a, b] = ["a", "b"].map((name, at) => {
    const host = new NetworkNamespace(world, name);
    const eth0 = host.addInterface(ethernet(world, "eth0"));
    eth0.plug(cable);
    host.configure(eth0, `10.0.0.${at + 1}/24`);
    return host;
  }) as [NetworkNamespace, NetworkNamespace];
  return { world, a, b, cable };
}

import { ms, UsageError, type Activity } from "../../core/index.js";
import { ClusterAutoscaler, autoscalerManifest } from "../cloud/autoscaler/cluster-autoscaler.js";
import { Cloud, type CloudOptions } from "../cloud/cloud.js";
import type { Instance } from "../cloud/instance.js";
import { CloudControllerManager, cloudManifest } from "../cloud/cloud-controller-manager.js";
import { nodeAddress } from "./addresses.js";
import type { ControlPlane } from "./control-plane.js";
import { mostRented, type Nodes } from "./nodes.js";
import type { ClusterOptions } from "./options.js";

/** From a machine's first login until its kubelet has started. Declared, not measured. */
const joinTime = ms(500);

/** The cloud that options ask for, whose machines join as nodes. @throws UsageError */
export function cloudOf({ world, cloud, nodes: size, runtime }: ClusterOptions, nodes: Nodes): Cloud | undefined {
  if (cloud === undefined || cloud === false) return undefined;
  if (runtime !== undefined && runtime !== "hollow")
    throw new UsageError("a cloud's machines are hollow nodes", 'Leave out "runtime", or "cloud".');
  const { engine } = world;
  return new Cloud(
    world,
    {
      address: ({ number }) => nodeAddress(number),
      *start({ name, number, type, labels, taints }: Instance): Activity<void> {
        if (number > mostRented)
          throw new UsageError(`no address is left for machine ${number}`, `A cluster's cloud makes ${mostRented}.`);
        yield* engine.delay(joinTime);
        const { cpus, memory, pods } = type;
        nodes.join(name, { place: number, cpus, memory, pods, labels, taints });
      },
      end: ({ name }) => {
        nodes.leave(name);
      },
    },
    sized(cloud === true ? {} : ownOptions(cloud), size),
  );
}

/** Those of the cloud itself. */
const ownOptions = (cloud: CloudOptions): CloudOptions =>
  Object.fromEntries(Object.entries(cloud).filter(([key]) => key !== "autoscaler"));

/** The cloud's own processes, in the control plane. */
export function rentNodes(
  provider: Cloud,
  { world, cloud }: ClusterOptions,
  plane: ControlPlane,
  apply: (manifest: string) => unknown,
): void {
  const { endpoint } = plane;
  apply(cloudManifest);
  plane.add("cloud-controller-manager", () => {
    const manager = new CloudControllerManager(provider, { world, endpoint });
    const stop = (): void => {
      manager.kill();
    };
    return { stop };
  });
  const autoscaler = typeof cloud === "object" ? (cloud.autoscaler ?? false) : false;
  if (autoscaler === false) return;
  apply(autoscalerManifest);
  const flags = autoscaler === true ? {} : autoscaler;
  plane.add("cluster-autoscaler", () => new ClusterAutoscaler({ world, endpoint, cloud: provider, flags }));
}

/** `nodes` is the size of the first group where that says none itself. */
function sized(options: CloudOptions, size: number | undefined): CloudOptions {
  if (size === undefined) return options;
  const [[name, first] = ["workers", {}] as const, ...rest] = Object.entries(options.groups ?? {});
  return {
    ...options,
    groups: {
      [name]: { size, max: Math.max(10, size), min: Math.min(1, size), ...first },
      ...Object.fromEntries(rest),
    },
  };
}

import type { Activity, Bytes } from "../../core/index.js";
import type { Container, Pod } from "../client/pod-types.js";
import { parseQuantity } from "../objects/quantity.js";
import { listAt, stringAt } from "../objects/value.js";
import { withTag } from "./images.js";
import { linuxContainer } from "./linux-config.js";
import type { NodeContext } from "./node-context.js";
import { environmentOf, expanded } from "./pod-config.js";
import type { ContainerConfig, LinuxContainerConfig } from "./runtime.js";
import { mountsOf } from "./volumes/volumes.js";

const none: readonly never[] = [];

/** What a container is made of, its environment read from where its spec points. @throws RuntimeFailure for what isn't there */
export function* configOf(
  context: NodeContext,
  pod: Pod,
  container: Container,
  attempt: number,
  podIP: string,
): Activity<ContainerConfig> {
  const limit = container.resources?.limits?.["memory"];
  const env = yield* environmentOf(context, pod, container, podIP);
  const { system } = context.runtime;
  let linux: LinuxContainerConfig | undefined;
  const volumes = system === undefined ? filesOf(context, pod, container) : undefined;
  if (system !== undefined) {
    const { mounts, terminationLog } = yield* mountsOf(context, system, pod, container, { attempt, podIP, env });
    linux = linuxContainer(context, pod, container, mounts, terminationLog);
  }
  const expand = (words: readonly string[] | undefined): readonly string[] =>
    words === undefined ? none : words.map((word) => expanded(word, env));
  return {
    name: container.name,
    attempt,
    image: withTag(container.image ?? ""),
    command: expand(container.command),
    args: expand(container.args),
    env,
    ports: container.ports?.map(({ containerPort }) => containerPort) ?? none,
    memory: limit === undefined ? undefined : (Number((parseQuantity(limit) ?? 0n) / 1_000_000_000n) as Bytes),
    ...(linux !== undefined && { linux }),
    ...(volumes !== undefined && { volumes }),
  };
}

/** Without a Linux, what a container has of its pod's claims. */
function filesOf({ volumes }: NodeContext, { metadata }: Pod, container: Container): ContainerConfig["volumes"] {
  const found = listAt(container, "volumeMounts").flatMap((mount) => {
    const files = volumes.filesOf(metadata.uid ?? "", stringAt(mount, "name") ?? "");
    return files === undefined ? [] : [[stringAt(mount, "mountPath") ?? "", files] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

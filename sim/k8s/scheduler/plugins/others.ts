import { MiB } from "../../../core/index.js";
import { listAt, stringAt } from "../../objects/value.js";
import type { Plugin } from "../framework.js";

/** A tag where there is none, as nodes name their images. */
const tagged = (image: string): string =>
  image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;

/** Images smaller than this give nothing, those larger than `most` for each container no more (`plugins/imagelocality`). */
const least = MiB(23);
const most = MiB(1000);

/** Prefers nodes that have the images; one that few nodes have counts less, so that these nodes aren't overrun. */
export const imageLocality: Plugin = {
  name: "ImageLocality",
  weight: 1,
  score: ({ pod }, cluster) => {
    const containers = [...listAt(pod, "spec", "initContainers"), ...listAt(pod, "spec", "containers")];
    const images = containers
      .map((container) => tagged(stringAt(container, "image") ?? ""))
      .map((name) => ({ name, spread: cluster.imageNodes(name) / cluster.nodes.length }))
      .filter(({ spread }) => spread > 0);
    if (images.length === 0) return undefined;
    const top = most * containers.length;
    return {
      of: (node) => {
        let sum = 0;
        for (const { name, spread } of images) sum += Math.floor((node.images.get(name) ?? 0) * spread);
        return Math.floor((100 * (Math.min(top, Math.max(least, sum)) - least)) / (top - least));
      },
    };
  },
};

/** A pod with gates isn't looked at before the last of them is gone. */
export const schedulingGates: Plugin = {
  name: "SchedulingGates",
  weight: 0,
  preEnqueue: ({ pod }) => {
    const gates = listAt(pod, "spec", "schedulingGates").map((gate) => stringAt(gate, "name") ?? "");
    return gates.length === 0 ? undefined : `waiting for scheduling gates: [${gates.join(" ")}]`;
  },
};

/** Tells the API server where the pod goes. */
export const defaultBinder: Plugin = {
  name: "DefaultBinder",
  weight: 0,
  *bind({ pod }, node, client) {
    const { namespace = "", name = "", uid } = pod.metadata;
    yield* client.post("pods", namespace, name, "binding", {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name, namespace, ...(uid === undefined ? {} : { uid }) },
      target: { apiVersion: "v1", kind: "Node", name: node.name },
    });
    return true;
  },
};

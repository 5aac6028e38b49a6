import { ownedBy } from "../../client/client.js";
import { listAt, type Json, type JsonObject } from "../../objects/value.js";
import { failuresKey, indexKey, isIndexed, trackingFinalizer, type Job } from "./tally.js";

/** A new pod of a Job, for one of its indexes where it has such. @param failures how often the index has failed */
export function jobPod(job: Job, index: number | undefined, failures: number): JsonObject {
  const { metadata = {}, spec } = job.spec.template;
  const name = job.metadata.name ?? "";
  const common = { ownerReferences: [ownedBy("jobs", job)], finalizers: [trackingFinalizer] };
  if (index === undefined || !isIndexed(job)) {
    const { labels, annotations } = metadata;
    return { metadata: { generateName: `${name}-`, labels, annotations, ...common }, spec };
  }
  const own = { [indexKey]: String(index) };
  const counted = job.spec.backoffLimitPerIndex === undefined ? {} : { [failuresKey]: String(failures) };
  // By the label, as of 1.32: the annotation is for older readers.
  const variable = {
    name: "JOB_COMPLETION_INDEX",
    valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } },
  };
  const withIndex = (containers: readonly Json[]): Json[] =>
    containers.map((container) => ({ ...(container as JsonObject), env: [...listAt(container, "env"), variable] }));
  return {
    metadata: {
      generateName: `${name}-${index}-`,
      labels: { ...metadata.labels, ...own },
      annotations: { ...metadata.annotations, ...own, ...counted },
      ...common,
    },
    spec: {
      ...spec,
      hostname: `${name}-${index}`,
      containers: withIndex(spec.containers),
      ...(spec.initContainers === undefined ? {} : { initContainers: withIndex(spec.initContainers) }),
    },
  };
}

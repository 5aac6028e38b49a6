import type { Pod } from "../client/pod-types.js";

/** A pod's claims by the names of its volumes: those that it names, and those that are made for its ephemeral volumes. */
export function claimsOf({ spec, metadata: { name = "" } }: Pod): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const volume of spec.volumes ?? []) {
    const named = volume.persistentVolumeClaim?.claimName;
    if (named !== undefined) found.set(volume.name, named);
    else if (volume["ephemeral"] !== undefined) found.set(volume.name, `${name}-${volume.name}`);
  }
  return found;
}

/** The same as keys. */
export function claimKeysOf(pod: Pod): readonly string[] {
  if (pod.spec.volumes === undefined) return [];
  return [...claimsOf(pod).values()].map((claim) => `${pod.metadata.namespace ?? ""}/${claim}`);
}

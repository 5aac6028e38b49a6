import type { Kinds } from "../../client/types.js";
import { ownedBy } from "../../client/client.js";
import { stringAt, type JsonObject, type KubeObject } from "../../objects/value.js";
import type { Pod } from "../pods.js";
import { hashOf, revisionLabel, templateOf, type Revision } from "../revisions.js";

export type StatefulSet = Kinds["statefulsets"];

const nameLabel = "statefulset.kubernetes.io/pod-name";
const ordinalLabel = "apps.kubernetes.io/pod-index";

/** A member's number; undefined for a pod whose name isn't one that the set gives. */
export function ordinalOf(set: StatefulSet, { metadata }: KubeObject): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(metadata.name ?? "");
  return match?.[1] === set.metadata.name ? Number(match?.[2]) : undefined;
}

const claimNameOf = (template: KubeObject, member: string): string => `${template.metadata.name ?? ""}-${member}`;

/** A member as a revision has it: its name is its identity, and so are the claims that bear it. */
export function memberPod(set: StatefulSet, ordinal: number, revision: Revision): JsonObject {
  const { metadata = {}, spec } = templateOf(revision);
  const name = `${set.metadata.name ?? ""}-${ordinal}`;
  const templates = set.spec.volumeClaimTemplates ?? [];
  const own = templates.map((template) => ({
    name: template.metadata.name ?? "",
    persistentVolumeClaim: { claimName: claimNameOf(template, name) },
  }));
  const others = (spec.volumes ?? []).filter((volume) => !own.some((each) => each.name === volume.name));
  const volumes = [...own, ...others];
  return {
    metadata: {
      name,
      labels: {
        ...metadata.labels,
        [nameLabel]: name,
        [ordinalLabel]: String(ordinal),
        [revisionLabel]: hashOf(revision),
      },
      annotations: metadata.annotations,
      ownerReferences: [ownedBy("statefulsets", set)],
    },
    spec: {
      ...spec,
      hostname: name,
      subdomain: set.spec.serviceName ?? "",
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** The claims of a member, as its set's templates have them. */
export function memberClaims(set: StatefulSet, member: string): JsonObject[] {
  return (set.spec.volumeClaimTemplates ?? []).map(({ metadata, ...rest }) => ({
    metadata: {
      name: claimNameOf({ metadata, apiVersion: "", kind: "" }, member),
      labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
      annotations: metadata.annotations,
    },
    spec: rest["spec"],
  }));
}

export const claimNames = (set: StatefulSet, member: string): string[] =>
  memberClaims(set, member).flatMap((claim) => stringAt(claim, "metadata", "name") ?? []);

/**
 * With whom a member's claims shall go (KEP-1847): with the set, with the member's pod once it is one too many, or, undefined, with nobody. By
 * references, and not by deleting: so a claim never goes while its pod still uses it.
 */
export function claimOwner(set: StatefulSet, pod: Pod, condemned: boolean): JsonObject | undefined {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const { name = "", uid = "" } = pod.metadata;
  if (condemned && whenScaled === "Delete") return { apiVersion: "v1", kind: "Pod", name, uid };
  if (whenDeleted !== "Delete") return undefined;
  return { apiVersion: "apps/v1", kind: "StatefulSet", name: set.metadata.name ?? "", uid: set.metadata.uid ?? "" };
}

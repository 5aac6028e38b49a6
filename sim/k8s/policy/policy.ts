import type { Served } from "../client/address.js";
import type { JsonObject, KubeObject } from "../objects/value.js";

/** The shapes of networking.k8s.io/v1's NetworkPolicy, as far as rules are made of them. */
export interface NetworkPolicy extends KubeObject {
  readonly spec: {
    readonly podSelector?: JsonObject;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly PolicyRule[];
    readonly egress?: readonly PolicyRule[];
  };
}

export interface PolicyRule extends JsonObject {
  readonly ports?: readonly PolicyPort[];
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
}

export interface PolicyPort extends JsonObject {
  readonly protocol?: string;
  readonly port?: number | string;
  readonly endPort?: number;
}

/** Pods, or addresses. */
export interface Peer extends JsonObject {
  readonly podSelector?: JsonObject;
  readonly namespaceSelector?: JsonObject;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export type Namespace = KubeObject;

export const networkPolicies: Served = {
  group: "networking.k8s.io",
  version: "v1",
  plural: "networkpolicies",
  kind: "NetworkPolicy",
  namespaced: true,
};

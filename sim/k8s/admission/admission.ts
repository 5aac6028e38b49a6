import type { Resource, Subresource } from "../objects/kinds.js";
import type { Draft, JsonObject, KubeObject } from "../objects/value.js";
import type { User } from "../apiserver/request.js";

/** What is to be admitted (apiserver, `admission.Attributes`). */
export interface AdmissionCall {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly resource: Resource;
  readonly subresource: Subresource | "";
  readonly namespace: string;
  readonly name: string;
  readonly user: User;
  readonly dryRun: boolean;
  /** What is to be written, before its defaults are checked; of a deletion, undefined. Plugins that mutate change it. */
  readonly object: Draft | undefined;
  readonly old: KubeObject | undefined;
  /** Told to the client in headers. */
  readonly warn: (message: string) => void;
}

/** What plugins look up. */
export interface AdmissionView {
  get(plural: string, namespace: string, name: string): KubeObject | undefined;
  list(plural: string, namespace: string): readonly KubeObject[];
  /** Writes what a plugin accounts for, such as a quota's use. */
  setStatus(plural: string, object: KubeObject, status: JsonObject): void;
}

/**
 * One link of the admission chain: first every plugin's `mutate`, in order, then every plugin's `validate`. To refuse, it throws
 * an ApiError.
 */
export interface AdmissionPlugin {
  readonly name: string;
  readonly mutate?: (call: AdmissionCall, view: AdmissionView) => void;
  readonly validate?: (call: AdmissionCall, view: AdmissionView) => void;
}

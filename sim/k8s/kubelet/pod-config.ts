import type { Activity } from "../../core/index.js";
import type { Client } from "../client/client.js";
import { ApiFailure, isNotFound } from "../client/failure.js";
import type { Container, EnvVar, Pod } from "../client/pod-types.js";
import { decodeBase64 } from "../../core/index.js";
import { decodeUtf8 } from "../objects/text.js";
import { at, objectAt, show, stringAt, type Json, type KubeObject } from "../objects/value.js";
import type { NodeContext } from "./node-context.js";
import { RuntimeFailure } from "./runtime.js";

/** Kinds whose data pods are given. */
export type ObjectKind = "configmaps" | "secrets";
const singular = { configmaps: "configmap", secrets: "secret" } as const;

/** `$(NAME)` is what NAME stands for, `$$` a dollar (kubernetes, `third_party/forked/golang/expansion`). */
export const expanded = (word: string, env: Readonly<Record<string, string>>): string =>
  word.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : Object.hasOwn(env, name) ? (env[name] ?? "") : whole,
  );

/** A container's environment, read from where its spec points. @throws RuntimeFailure for what isn't there */
export function* environmentOf(
  context: NodeContext,
  pod: Pod,
  container: Container,
  podIP: string,
): Activity<Record<string, string>> {
  const env: Record<string, string> = {};
  const { client } = context;
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const from = configMapRef ?? secretRef;
    if (from === undefined) continue;
    const kind = configMapRef === undefined ? "secrets" : "configmaps";
    const found = yield* readObject(client, kind, pod, from.name, from.optional === true);
    for (const key of Object.keys(objectAt(found, "data"))) env[`${prefix}${key}`] = valueOf(kind, found, key) ?? "";
  }
  for (const each of container.env ?? []) {
    const value = yield* variable(context, pod, container, each, podIP);
    if (value !== undefined) env[each.name] = expanded(value, env);
  }
  return env;
}

function* variable(
  context: NodeContext,
  pod: Pod,
  container: Container,
  { value = "", valueFrom }: EnvVar,
  podIP: string,
): Activity<string | undefined> {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom ?? {};
  if (fieldRef !== undefined) return fieldOf(context, pod, fieldRef.fieldPath, podIP);
  if (resourceFieldRef !== undefined) {
    return resourceOf(container, resourceFieldRef.resource);
  }
  const from = configMapKeyRef ?? secretKeyRef;
  if (from === undefined) return value;
  const kind = configMapKeyRef === undefined ? "secrets" : "configmaps";
  const found = yield* readObject(context.client, kind, pod, from.name, from.optional === true);
  const text = valueOf(kind, found, from.key);
  if (text === undefined && from.optional !== true) {
    const what = kind === "secrets" ? "Secret" : "ConfigMap";
    throw new RuntimeFailure(`couldn't find key ${from.key} in ${what} ${pod.metadata.namespace ?? ""}/${from.name}`);
  }
  return text;
}

/** The downward API: what a container asks for, `limits.memory`. */
export function resourceOf(container: Container | undefined, resource: string): string {
  const [list = "", name = ""] = resource.split(".");
  return show(at(container?.resources, list, name)) || "0";
}

/** The downward API: a pod's own fields. */
export function fieldOf({ node, hostIP }: NodeContext, pod: Pod, path: string, podIP: string): string {
  const keyed = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path);
  if (keyed !== null) return stringAt(pod, "metadata", keyed[1] ?? "", keyed[2] ?? "") ?? "";
  if (path === "spec.nodeName") return node;
  if (path === "status.hostIP" || path === "status.hostIPs") return hostIP;
  if (path === "status.podIP" || path === "status.podIPs") return podIP;
  return show(at(pod, ...path.split(".")));
}

/** An object of a pod's namespace; undefined where it may be missing and is. @throws RuntimeFailure where it may not */
export function* readObject(
  client: Client,
  kind: ObjectKind,
  pod: Pod,
  name: string,
  optional: boolean,
): Activity<KubeObject | undefined> {
  try {
    return yield* client.get(kind, pod.metadata.namespace ?? "", name);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (isNotFound(error) && optional) return undefined;
    throw new RuntimeFailure(isNotFound(error) ? `${singular[kind]} "${name}" not found` : error.message);
  }
}

function valueOf(kind: ObjectKind, object: KubeObject | undefined, key: string): string | undefined {
  const text: Json | undefined = at(object, "data", key);
  if (typeof text !== "string") return undefined;
  return kind === "secrets" ? decodeUtf8(decodeBase64(text)) : text;
}

/**
 * Looks whether what a pod's volumes are made of is there: ConfigMaps and Secrets. @returns what is missing, in the words of the
 * event that tells it
 */
export function* missingVolume({ client }: NodeContext, pod: Pod): Activity<string | undefined> {
  for (const { name, configMap, secret } of pod.spec.volumes ?? []) {
    const from = configMap?.name ?? secret?.secretName;
    if (from === undefined) continue;
    const optional = configMap?.optional === true || secret?.optional === true;
    try {
      yield* readObject(client, configMap === undefined ? "secrets" : "configmaps", pod, from, optional);
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      return `MountVolume.SetUp failed for volume "${name}" : ${error.message}`;
    }
  }
  return undefined;
}

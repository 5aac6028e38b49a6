import { forbidden } from "../apiserver/status.js";
import { isObject, listAt, objectAt, stringAt, type Json, type JsonObject, show } from "../objects/value.js";
import type { AdmissionCall, AdmissionPlugin, AdmissionView } from "./admission.js";

const prefix = "pod-security.kubernetes.io/";

/** Capabilities that a container may add (kubernetes.io, "Pod Security Standards"). */
const baselineCapabilities = new Set(
  "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split(
    " ",
  ),
);
const restrictedVolumes = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

interface Named {
  readonly name: string;
  readonly value: JsonObject;
}

const containersOf = (spec: JsonObject): Named[] =>
  ["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
    listAt(spec, list)
      .filter(isObject)
      .map((value) => ({ name: stringAt(value, "name") ?? "", value })),
  );

const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");
const these = (all: readonly Named[]): string =>
  `container${all.length > 1 ? "s" : ""} ${quoted(all.map(({ name }) => name))}`;

function baseline(spec: JsonObject): string[] {
  const all = containersOf(spec);
  const found: string[] = [];
  const which = (bad: (container: JsonObject) => boolean): Named[] => all.filter(({ value }) => bad(value));
  const host = ["hostNetwork", "hostPID", "hostIPC"].filter((key) => spec[key] === true);
  if (host.length > 0) found.push(`host namespaces (${host.map((key) => `${key}=true`).join(", ")})`);
  const privileged = which((each) => objectAt(each, "securityContext")["privileged"] === true);
  if (privileged.length > 0)
    found.push(`privileged (${these(privileged)} must not set securityContext.privileged=true)`);
  const adding = which((each) =>
    listAt(each, "securityContext", "capabilities", "add").some((name) => !baselineCapabilities.has(show(name))),
  );
  if (adding.length > 0) {
    const names = adding
      .flatMap(({ value }) => listAt(value, "securityContext", "capabilities", "add").map(String))
      .filter((name) => !baselineCapabilities.has(name));
    found.push(
      `non-default capabilities (${these(adding)} must not include ${quoted([...new Set(names)])} in securityContext.capabilities.add)`,
    );
  }
  const volumes = listAt(spec, "volumes").filter((volume) => isObject(volume) && volume["hostPath"] !== undefined);
  if (volumes.length > 0)
    found.push(
      `hostPath volumes (volume${volumes.length > 1 ? "s" : ""} ${quoted(volumes.map((volume) => stringAt(volume, "name") ?? ""))})`,
    );
  const ports = which((each) => listAt(each, "ports").some((port) => (objectAt(port)["hostPort"] ?? 0) !== 0));
  if (ports.length > 0) {
    const numbers = ports
      .flatMap(({ value }) => listAt(value, "ports").map((port) => objectAt(port)["hostPort"] ?? 0))
      .filter((number) => number !== 0);
    found.push(
      `hostPort (${these(ports)} use${ports.length > 1 ? "" : "s"} hostPort${numbers.length > 1 ? "s" : ""} ${numbers.map(String).join(", ")})`,
    );
  }
  return found;
}

function restricted(spec: JsonObject): string[] {
  const all = containersOf(spec);
  const found = baseline(spec);
  const pod = objectAt(spec, "securityContext");
  const which = (bad: (context: JsonObject) => boolean): Named[] =>
    all.filter(({ value }) => bad(objectAt(value, "securityContext")));
  const escalating = which((context) => context["allowPrivilegeEscalation"] !== false);
  if (escalating.length > 0)
    found.push(
      `allowPrivilegeEscalation != false (${these(escalating)} must set securityContext.allowPrivilegeEscalation=false)`,
    );
  const keeping = which((context) => !listAt(context, "capabilities", "drop").includes("ALL"));
  if (keeping.length > 0)
    found.push(`unrestricted capabilities (${these(keeping)} must set securityContext.capabilities.drop=["ALL"])`);
  const volumes = listAt(spec, "volumes").filter(
    (volume) => isObject(volume) && Object.keys(volume).some((key) => key !== "name" && !restrictedVolumes.has(key)),
  );
  if (volumes.length > 0)
    found.push(
      `restricted volume types (volume${volumes.length > 1 ? "s" : ""} ${quoted(volumes.map((volume) => stringAt(volume, "name") ?? ""))})`,
    );
  const rooting = which((context) => (context["runAsNonRoot"] ?? pod["runAsNonRoot"]) !== true);
  if (rooting.length > 0)
    found.push(`runAsNonRoot != true (pod or ${these(rooting)} must set securityContext.runAsNonRoot=true)`);
  const profile = (context: JsonObject): string | undefined =>
    stringAt(context, "seccompProfile", "type") ?? stringAt(pod, "seccompProfile", "type");
  const open = which((context) => !["RuntimeDefault", "Localhost"].includes(profile(context) ?? ""));
  if (open.length > 0)
    found.push(
      `seccompProfile (pod or ${these(open)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`,
    );
  return found;
}

function violations(level: string, spec: JsonObject): string[] {
  return level === "baseline" ? baseline(spec) : level === "restricted" ? restricted(spec) : [];
}

function levels({ namespace }: AdmissionCall, view: AdmissionView): (mode: string) => string {
  const labels = view.get("namespaces", "", namespace)?.metadata.labels ?? {};
  return (mode) => labels[`${prefix}${mode}`] ?? "privileged";
}

/** The Pod Security Standards, as a namespace's labels ask for them. What is enforced is enforced on pods alone; templates are warned of. */
export const podSecurity: AdmissionPlugin = {
  name: "PodSecurity",
  validate(call, view) {
    const { operation, resource, object, subresource, name } = call;
    if ((operation !== "CREATE" && operation !== "UPDATE") || subresource !== "" || object === undefined) return;
    const own: Json | undefined = object["spec"];
    const spec = resource.kind === "Pod" ? objectAt(own) : objectAt(own, "template", "spec");
    if (Object.keys(spec).length === 0) return;
    const level = levels(call, view);
    const warned = violations(level("warn"), spec);
    if (warned.length > 0) call.warn(`would violate PodSecurity "${level("warn")}:latest": ${warned.join(", ")}`);
    if (resource.kind !== "Pod" || operation !== "CREATE") return;
    const enforced = violations(level("enforce"), spec);
    if (enforced.length > 0)
      throw forbidden(resource, name, `violates PodSecurity "${level("enforce")}:latest": ${enforced.join(", ")}`);
  },
};

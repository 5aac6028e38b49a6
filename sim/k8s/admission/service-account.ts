import { forbidden } from "../apiserver/status.js";
import { at, isObject, joined, listAt, stringAt, type Json, mutable } from "../objects/value.js";
import type { AdmissionPlugin } from "./admission.js";
import { newPodSpec } from "./pod-defaults.js";

/** Where a container finds its token, the cluster's certificate and its namespace. */
const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Refreshed by the kubelet long before (kubernetes, `WarnOnlyBoundTokenExpirationPeriod`). */
const tokenSeconds = 3607;

/** What the volume holds, the same for all pods. */
const sources: Json = [
  { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
  { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
  {
    downwardAPI: {
      items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
    },
  },
];

const letters = "bcdfghjklmnpqrstvwxz2456789";
/** Five letters that follow from the pod: whoever replays a world finds the same volume. */
function suffix(text: string): string {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return Array.from({ length: 5 }, (_, i) => letters.charAt((hash >>> (5 * i)) % letters.length)).join("");
}

/** Every pod runs as an account, and finds that account's token in its containers. */
export const serviceAccount: AdmissionPlugin = {
  name: "ServiceAccount",
  mutate(call, view) {
    const spec = newPodSpec(call);
    const { object, namespace, resource, name, user } = call;
    // A static pod's mirror has no account.
    if (spec === undefined || isObject(at(object, "metadata", "annotations", "kubernetes.io/config.mirror"))) return;
    const given = stringAt(spec, "serviceAccountName") ?? "";
    const account = given === "" ? "default" : given;
    spec["serviceAccountName"] = account;
    spec["serviceAccount"] = account;
    const found = view.get("serviceaccounts", namespace, account);
    if (found === undefined) {
      // The controller that makes `default` may be stopped, or not there yet: then pods wait for it, as in a real cluster.
      throw forbidden(
        resource,
        name,
        `error looking up service account ${namespace}/${account}: serviceaccount ${JSON.stringify(account)} not found`,
      );
    }
    if (listAt(spec, "imagePullSecrets").length === 0 && listAt(found, "imagePullSecrets").length > 0) {
      spec["imagePullSecrets"] = listAt(found, "imagePullSecrets");
    }
    if ((spec["automountServiceAccountToken"] ?? found["automountServiceAccountToken"]) === false) return;
    const volumes = listAt(spec, "volumes");
    const existing = volumes.find((volume) => (stringAt(volume, "name") ?? "").startsWith("kube-api-access-"));
    const volume =
      stringAt(existing, "name") ??
      `kube-api-access-${suffix(`${user.name}/${namespace}/${stringAt(object, "metadata", "uid") ?? ""}`)}`;
    let used = false;
    for (const list of ["initContainers", "containers"]) {
      for (const container of listAt(spec, list)) {
        const mounts = listAt(container, "volumeMounts");
        if (!isObject(container) || mounts.some((mount) => stringAt(mount, "mountPath") === mountPath)) continue;
        used = true;
        mutable(container)["volumeMounts"] = joined(mounts, [{ name: volume, readOnly: true, mountPath }]);
      }
    }
    if (!used || existing !== undefined) return;
    spec["volumes"] = joined(volumes, [{ name: volume, projected: { sources, defaultMode: 420 } }]);
  },
};

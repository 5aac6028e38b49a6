import { forbidden, notFound } from "../apiserver/status.js";
import type { AdmissionPlugin } from "./admission.js";

const kept = new Set(["default", "kube-system", "kube-public"]);
const namespaces = { group: "", plural: "namespaces" };

/** Nothing is made in a namespace that isn't there or is going; three namespaces never go. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: "NamespaceLifecycle",
  mutate({ operation, resource, namespace, name, subresource }, view) {
    if (operation === "DELETE" && resource.kind === "Namespace" && kept.has(name)) {
      throw forbidden(resource, name, "this namespace may not be deleted");
    }
    if (operation !== "CREATE" || !resource.namespaced || subresource !== "") return;
    const found = view.get("namespaces", "", namespace);
    if (found === undefined) throw notFound(namespaces, namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    throw forbidden(
      resource,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    );
  },
};

import { isObject, mutable, type KubeObject } from "../objects/value.js";
import type { AdmissionPlugin, AdmissionView } from "./admission.js";

/** The class that is marked as the default one: the youngest where there are several, of these the first by name. */
function defaultClass(view: AdmissionView, plural: string, mark: string): KubeObject | undefined {
  const found = view.list(plural, "").filter((each) => each.metadata.annotations?.[mark] === "true");
  const age = (each: KubeObject): string => each.metadata.creationTimestamp ?? "";
  const [youngest] = [...found].sort((a, b) =>
    age(a) < age(b) ? 1 : age(a) > age(b) ? -1 : (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1,
  );
  return youngest;
}

/** A claim without a class gets the default one. */
export const defaultStorageClass: AdmissionPlugin = {
  name: "DefaultStorageClass",
  mutate({ operation, resource, object }, view) {
    if (operation !== "CREATE" || resource.kind !== "PersistentVolumeClaim" || object === undefined) return;
    const spec = object["spec"];
    if (!isObject(spec) || spec["storageClassName"] !== undefined) return;
    const found = defaultClass(view, "storageclasses", "storageclass.kubernetes.io/is-default-class");
    if (found !== undefined) mutable(spec)["storageClassName"] = found.metadata.name;
  },
};

/** The same of an Ingress that names no class, not even by the annotation that did so before there were classes. */
export const defaultIngressClass: AdmissionPlugin = {
  name: "DefaultIngressClass",
  mutate({ operation, resource, subresource, object }, view) {
    if (operation !== "CREATE" || resource.kind !== "Ingress" || subresource !== "" || object === undefined) return;
    const { spec, metadata } = object;
    if (!isObject(spec) || spec["ingressClassName"] !== undefined) return;
    const annotations = isObject(metadata) ? metadata["annotations"] : undefined;
    if (isObject(annotations) && annotations["kubernetes.io/ingress.class"] !== undefined) return;
    const found = defaultClass(view, "ingressclasses", "ingressclass.kubernetes.io/is-default-class");
    if (found !== undefined) mutable(spec)["ingressClassName"] = found.metadata.name;
  },
};

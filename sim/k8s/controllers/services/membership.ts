import type { InformerFactory } from "../../client/informer.js";
import type { Kinds } from "../../client/types.js";
import { equal, labelsOf, numberAt, type JsonObject } from "../../objects/value.js";
import { hasEnded, isReady, type Pod } from "../pods.js";

export type Service = Kinds["services"];

const byNamespace = "namespace";

/** Indexes services and pods by namespace, for the functions below. */
export function indexMembership(informers: InformerFactory): void {
  informers.store("services").index(byNamespace, ({ metadata }) => [metadata.namespace ?? ""]);
  informers.store("pods").index(byNamespace, ({ metadata }) => [metadata.namespace ?? ""]);
}

/** Whether a service has its endpoints from pods: one without a selector has them from elsewhere. */
export const selectsPods = ({ spec }: Service): boolean => spec.selector !== undefined && spec.type !== "ExternalName";

const selects = ({ spec }: Service, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(spec.selector ?? {}).every(([key, value]) => labels[key] === value);

/** The services whose selector matches a pod's labels. */
export const servicesOf = (informers: InformerFactory, pod: Pod): Service[] =>
  informers
    .store("services")
    .by(byNamespace, pod.metadata.namespace ?? "")
    .filter((service) => selectsPods(service) && selects(service, labelsOf(pod)));

/** The pods that a service selects and that can be reached: each has an address and hasn't ended. */
export const podsOf = (informers: InformerFactory, service: Service): Pod[] =>
  informers
    .store("pods")
    .by(byNamespace, service.metadata.namespace ?? "")
    .filter((pod) => selects(service, labelsOf(pod)) && addressOf(pod) !== undefined && !hasEnded(pod));

/** Simplification: of the first family alone, IPv4; the simulated cluster has no second. */
export const addressOf = ({ status }: Pod): string | undefined => {
  const address = status?.podIP ?? "";
  return address === "" ? undefined : address;
};

/** Whether a change of a pod can be one of its services' endpoints (`podChanged` of kubernetes' `endpointslice/util`). */
export const concernsServices = (pod: Pod, old: Pod): boolean =>
  isReady(pod) !== isReady(old) ||
  addressOf(pod) !== addressOf(old) ||
  (pod.metadata.deletionTimestamp === undefined) !== (old.metadata.deletionTimestamp === undefined) ||
  hasEnded(pod) !== hasEnded(old) ||
  pod.spec.nodeName !== old.spec.nodeName ||
  !equal(pod.metadata.labels, old.metadata.labels);

export interface MemberPort extends JsonObject {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly appProtocol?: string;
}

/** A service's ports as a pod has them; one whose target has a name that the pod doesn't know is left out. */
export function portsOn(service: Service, pod: Pod): MemberPort[] {
  return (service.spec.ports ?? []).flatMap(({ name = "", protocol = "TCP", port, targetPort, appProtocol }) => {
    const number = typeof targetPort === "string" ? namedPort(pod, targetPort, protocol) : (targetPort ?? 0) || port;
    if (number === undefined) return [];
    return [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function namedPort({ spec }: Pod, wanted: string, wantedProtocol: string): number | undefined {
  for (const { ports = [] } of spec.containers) {
    const found = ports.find(({ name, protocol = "TCP" }) => name === wanted && protocol === wantedProtocol);
    if (found !== undefined) return numberAt(found, "containerPort");
  }
  return undefined;
}

/** The name that a pod has below its service: what makes `web-0.web.default.svc` resolve. */
export const hostnameOf = (service: Service, { spec }: Pod): string | undefined =>
  (spec.hostname ?? "") !== "" && spec.subdomain === service.metadata.name ? spec.hostname : undefined;

export const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === "None";
export const headlessLabel = "service.kubernetes.io/headless";

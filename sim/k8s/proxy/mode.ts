import type { NetlinkRequest } from "../../os/index.js";
import type { Endpoint, ServicePort } from "./service-port.js";

/** By what a node's kernel leads connections to endpoints (`--proxy-mode`). */
export type ProxyModeName = "iptables" | "nftables" | "ipvs";

/** A mode of kube-proxy on one node; it remembers what it had written. */
export interface ProxyMode {
  /**
   * What has the kernel hold these ports.
   * @param addresses the node's own, at which it has node ports
   */
  readonly requests: (ports: readonly ServicePort[], addresses: readonly string[]) => readonly NetlinkRequest[];
}

/** The mark of what is to be masqueraded (`--iptables-masquerade-bit` 14). */
export const mark = "0x4000/0x4000";

/** Endpoints for what comes from inside, and from outside, as the service's policies have it. */
export function endpointsFor({ endpoints, internalLocal, externalLocal }: ServicePort): {
  readonly internal: readonly Endpoint[];
  readonly external: readonly Endpoint[];
} {
  const local = endpoints.filter((each) => each.local);
  return { internal: internalLocal ? local : endpoints, external: externalLocal ? local : endpoints };
}

/** Whether a port is reached from outside. */
export const isOpen = ({ nodePort, externalIPs }: ServicePort): boolean => nodePort > 0 || externalIPs.length > 0;

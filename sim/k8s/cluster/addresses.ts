const dotted = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

/** A node's own address: 192.168.0.0/16, from 192.168.0.2 on. */
export const nodeAddress = (place: number): string => dotted(0xc0a80001 + place);

/** That of the nodes' router. */
export const routerAddress: string = nodeAddress(0);

/** That of the computer of the control plane, behind all nodes', and the API server's port there. */
export const apiAddress = "192.168.255.254";
export const apiPort = 6443;

/**
 * The range of a node's pods, a /24 of the cluster's: 10.244.0.0/16, as kubeadm's examples have it, or where that is too small
 * 10.128.0.0/9, which leaves the services' 10.96.0.0/12 alone.
 */
export const podRange = (place: number, nodes: number): string =>
  `${dotted((nodes < 256 ? 0x0af40000 : 0x0a800000) + place * 256)}/24`;

/** The range that all of these lie in. */
export const clusterRange = (nodes: number): string => (nodes < 256 ? "10.244.0.0/16" : "10.128.0.0/9");

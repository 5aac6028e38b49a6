import type { Activity } from "../../core/index.js";
import type { Sys } from "../../os/index.js";
import type { NetworkSettings } from "../network/networks.js";
import type { Container } from "./container.js";

/**
 * What the engine wants of a network: it is told of a container that has its namespaces and doesn't run yet, and of one that
 * has ended. Modes "host", "none" and "container:NAME" need none of it.
 */
export interface EngineNetwork {
  /**
   * @param sys of a task in the host's namespaces, with all rights
   * @param pid of the container's first process, as that task sees it: /proc/PID/ns/net is what is to be connected
   * @throws UsageError where the container can't have what it asks for: the start fails
   */
  connect(sys: Sys, container: Container, pid: number): Activity<NetworkSettings>;
  disconnect(sys: Sys, container: Container): Activity<undefined>;
}

/** Whether a container's network is the engine's to make. */
export const isConnected = ({ host }: Container): boolean =>
  host.NetworkMode !== "none" && host.NetworkMode !== "host" && !host.NetworkMode.startsWith("container:");

export const unconnected: NetworkSettings = { Ports: {}, Networks: {} };

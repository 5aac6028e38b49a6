import { formatIpv4, formatPrefix, type Ipv4 } from "../../net/index.js";
import { textOfAddress, type Pool, type PoolRequest } from "./ipam.js";

export type DriverName = "bridge" | "host" | "null";

/** What `docker network create` says. */
export interface NetworkOptions {
  readonly name: string;
  readonly driver?: string | undefined;
  readonly internal?: boolean | undefined;
  readonly attachable?: boolean | undefined;
  readonly ipam?: PoolRequest | undefined;
  /** Driver options: com.docker.network.bridge.name and their like. */
  readonly options?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** A container's place in a network. */
export interface Endpoint {
  readonly id: string;
  readonly network: Network;
  readonly container: string;
  readonly containerName: string;
  readonly address: Ipv4;
  readonly mac: string;
  /** In the container: eth0. */
  readonly interface: string;
  /** On the host: the bridge's port. */
  readonly port: string;
  readonly aliases: readonly string[];
  /** What others find it by. */
  readonly names: readonly string[];
}

export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: DriverName;
  /** RFC 3339. */
  readonly created: string;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Of drivers that give addresses. */
  readonly pool: Pool | undefined;
  readonly request: PoolRequest;
  readonly gateway: Ipv4 | undefined;
  /** The bridge's interface on the host. */
  readonly bridge: string;
  /** By container's id. */
  readonly endpoints: Map<string, Endpoint>;
}

/** Those that are always there. */
export const predefined: ReadonlySet<string> = new Set(["bridge", "host", "none"]);

/** Whether names are resolved in it, and aliases given. */
export const isUserDefined = ({ name }: Network): boolean => !predefined.has(name);

/** A network as `docker network inspect` shows it: Docker's API 1.43, NetworkInspect. */
export interface NetworkInspect {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: "local";
  readonly Driver: DriverName;
  readonly EnableIPv6: false;
  readonly IPAM: {
    readonly Driver: "default";
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config: readonly {
      readonly Subnet: string;
      readonly IPRange?: string;
      readonly Gateway: string;
    }[];
  };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: false;
  readonly ConfigFrom: { readonly Network: "" };
  readonly ConfigOnly: false;
  readonly Containers: Readonly<
    Record<
      string,
      {
        readonly Name: string;
        readonly EndpointID: string;
        readonly MacAddress: string;
        readonly IPv4Address: string;
        readonly IPv6Address: "";
      }
    >
  >;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}

export function inspectNetwork(network: Network): NetworkInspect {
  const { pool, gateway } = network;
  const config =
    pool === undefined || gateway === undefined
      ? []
      : [
          {
            Subnet: formatPrefix(pool.subnet),
            ...(pool.range.length !== pool.subnet.length && { IPRange: formatPrefix(pool.range) }),
            Gateway: formatIpv4(gateway),
          },
        ];
  const containers = [...network.endpoints.values()].map(
    ({ id, container, containerName, mac, address }) =>
      [
        container,
        {
          Name: containerName,
          EndpointID: id,
          MacAddress: mac,
          IPv4Address: pool === undefined ? "" : textOfAddress(address, pool.subnet),
          IPv6Address: "",
        },
      ] as const,
  );
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: "local",
    Driver: network.driver,
    EnableIPv6: false,
    IPAM: { Driver: "default", Options: predefined.has(network.name) ? null : {}, Config: config },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(containers),
    Options: network.options,
    Labels: network.labels,
  };
}

/** What a container is told of its place in a network: Docker's API, EndpointSettings. */
export interface EndpointSettings {
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly MacAddress: string;
  readonly Aliases: readonly string[];
  readonly DNSNames: readonly string[] | null;
}

export function endpointSettings({ id, network, address, mac, aliases, names }: Endpoint): EndpointSettings {
  const { pool, gateway, internal } = network;
  return {
    NetworkID: network.id,
    EndpointID: id,
    // An internal network leads nowhere.
    Gateway: gateway === undefined || internal ? "" : formatIpv4(gateway),
    IPAddress: pool === undefined ? "" : formatIpv4(address),
    IPPrefixLen: pool?.subnet.length ?? 0,
    MacAddress: mac,
    Aliases: aliases,
    DNSNames: isUserDefined(network) ? names : null,
  };
}

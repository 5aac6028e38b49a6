import type { ContainerEngine } from "../engine/engine.js";
import type { ContainerInspection } from "../engine/inspect.js";
import type { ContainerSummary } from "../engine/containers.js";
import type { EndpointSettings } from "../network/network.js";
import type { NetworkSettings } from "../network/networks.js";

/** A container's place in a network as the API tells it: what this engine has nothing behind is empty. */
const endpointJson = (one: EndpointSettings): object => ({
  IPAMConfig: null,
  Links: null,
  Aliases: one.Aliases.length === 0 ? null : one.Aliases,
  MacAddress: one.MacAddress,
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: one.NetworkID,
  EndpointID: one.EndpointID,
  Gateway: one.Gateway,
  IPAddress: one.IPAddress,
  IPPrefixLen: one.IPPrefixLen,
  IPv6Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  DNSNames: one.DNSNames,
});

const endpointsJson = ({ Networks }: NetworkSettings): object =>
  Object.fromEntries(Object.entries(Networks).map(([name, one]) => [name, endpointJson(one)]));

/** Networks that a container will be in when it runs, as one that doesn't is shown. */
const idleEndpoint: EndpointSettings = {
  NetworkID: "",
  EndpointID: "",
  Gateway: "",
  IPAddress: "",
  IPPrefixLen: 0,
  MacAddress: "",
  Aliases: [],
  DNSNames: null,
};

/** What a container has of networks: its own where it runs, else those that it asks for. */
function settingsOf(engine: ContainerEngine, { Id, NetworkSettings }: ContainerInspection): NetworkSettings {
  const container = engine.container(Id);
  if (container.isRunning && Object.keys(NetworkSettings.Networks).length > 0) return NetworkSettings;
  const { NetworkMode } = container.host;
  const names = NetworkMode.startsWith("container:") ? [] : [...container.endpoints.keys()];
  return { ...NetworkSettings, Networks: Object.fromEntries(names.map((name) => [name, idleEndpoint])) };
}

/** GET /containers/NAME/json. */
export function inspectionJson(engine: ContainerEngine, name: string): object {
  const seen = engine.inspect(name);
  const settings = settingsOf(engine, seen);
  const bridge = settings.Networks["bridge"] ?? idleEndpoint;
  const { Config, HostConfig, Mounts } = seen;
  const { Healthcheck, ...config } = Config;
  return {
    ...seen,
    ProcessLabel: "",
    MountLabel: "",
    AppArmorProfile: "",
    HostConfig: {
      ...HostConfig,
      ContainerIDFile: "",
      VolumeDriver: "",
      ConsoleSize: [0, 0],
      CgroupnsMode: "private",
      DnsOptions: [],
      DnsSearch: [],
      Links: null,
      Cgroup: "",
      UsernsMode: "",
      Runtime: "runc",
      Isolation: "",
      MemorySwap: HostConfig.Memory * 2,
      OomKillDisable: null,
      PidsLimit: HostConfig.PidsLimit === 0 ? null : HostConfig.PidsLimit,
    },
    Mounts,
    Config: {
      ...config,
      Volumes: Object.keys(Config.Volumes).length === 0 ? null : Config.Volumes,
      Entrypoint: Config.Entrypoint.length === 0 ? null : Config.Entrypoint,
      Cmd: Config.Cmd.length === 0 ? null : Config.Cmd,
      OnBuild: null,
      ...(Healthcheck !== undefined && { Healthcheck }),
    },
    NetworkSettings: {
      Bridge: "",
      SandboxID: "",
      SandboxKey: "",
      HairpinMode: false,
      LinkLocalIPv6Address: "",
      LinkLocalIPv6PrefixLen: 0,
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      GlobalIPv6Address: "",
      GlobalIPv6PrefixLen: 0,
      IPv6Gateway: "",
      // Of the default bridge: what was there before there were networks.
      EndpointID: bridge.EndpointID,
      Gateway: bridge.Gateway,
      IPAddress: bridge.IPAddress,
      IPPrefixLen: bridge.IPPrefixLen,
      MacAddress: bridge.MacAddress,
      Ports: settings.Ports,
      Networks: endpointsJson(settings),
    },
  };
}

/** A port in `docker ps`. */
interface PortRow {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

function portRows({ Ports }: NetworkSettings): PortRow[] {
  return Object.entries(Ports).flatMap(([key, ends]): PortRow[] => {
    const [port = "", Type = "tcp"] = key.split("/");
    const PrivatePort = Number(port);
    if (ends === null) return [{ PrivatePort, Type }];
    return ends.map(({ HostIp, HostPort }) => ({ IP: HostIp, PrivatePort, PublicPort: Number(HostPort), Type }));
  });
}

/** A row of GET /containers/json. */
export function summaryJson(engine: ContainerEngine, summary: ContainerSummary): object {
  const seen = engine.inspect(summary.Id);
  const settings = settingsOf(engine, seen);
  const { Id, Names, Image, ImageID, Command, Created, State, Status, Labels, HostConfig } = summary;
  return {
    ...{ Id, Names, Image, ImageID, Command, Created, State, Status, Labels, HostConfig },
    Mounts: seen.Mounts,
    Ports: portRows(seen.NetworkSettings),
    NetworkSettings: { Networks: endpointsJson(settings) },
  };
}

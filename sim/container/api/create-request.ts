import type { CreateOptions } from "../engine/creation.js";
import type { ContainerConfig, HostConfig } from "../engine/config.js";
import { invalid } from "../engine/errors.js";
import type { ConnectOptions } from "../network/networks.js";
import type { Body } from "./body.js";

/** Leaves out what is undefined: it is the image's, or the default. */
export function given<T extends object>(fields: { readonly [K in keyof T]?: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Fields of HostConfig that this engine has nothing behind; one that says something is left out, and a warning tells. */
const absent = (
  "CpuRealtimePeriod CpuRealtimeRuntime MemorySwap MemorySwappiness KernelMemory " +
  "DeviceRequests " +
  "CgroupParent OomKillDisable VolumeDriver Links UsernsMode StorageOpt DnsOptions DnsSearch"
).split(" ");

const saysNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === -1 ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** What of a configuration is asked for: the body of a create, and of a commit. @throws EngineError 400 */
export function readConfig(body: Body): Partial<ContainerConfig> {
  const health = body.has("Healthcheck") ? body.at("Healthcheck") : undefined;
  return given<ContainerConfig>({
    Hostname: body.text("Hostname"),
    Domainname: body.text("Domainname"),
    User: body.text("User"),
    AttachStdin: body.flag("AttachStdin"),
    AttachStdout: body.flag("AttachStdout"),
    AttachStderr: body.flag("AttachStderr"),
    Tty: body.flag("Tty"),
    OpenStdin: body.flag("OpenStdin"),
    StdinOnce: body.flag("StdinOnce"),
    Env: body.texts("Env"),
    Cmd: nonEmpty(body.words("Cmd")),
    Entrypoint: nonEmpty(body.words("Entrypoint")),
    WorkingDir: body.text("WorkingDir"),
    Labels: body.textMap("Labels"),
    Volumes: body.keys("Volumes"),
    ExposedPorts: body.keys("ExposedPorts"),
    StopSignal: body.text("StopSignal"),
    StopTimeout: body.number("StopTimeout"),
    Healthcheck:
      health === undefined
        ? undefined
        : {
            Test: health.texts("Test") ?? [],
            ...given<NonNullable<ContainerConfig["Healthcheck"]>>({
              Interval: health.number("Interval"),
              Timeout: health.number("Timeout"),
              StartPeriod: health.number("StartPeriod"),
              StartInterval: health.number("StartInterval"),
              Retries: health.number("Retries"),
            }),
          },
  });
}

const nonEmpty = (list: string[] | undefined): string[] | undefined => (list?.length === 0 ? undefined : list);
const positive = (value: number | undefined): number | undefined =>
  value === undefined || value <= 0 ? undefined : value;

const policies = ["no", "always", "unless-stopped", "on-failure"] as const;

/** A restart policy; "no" where nothing is said. @throws EngineError 400 */
function readPolicy(body: Body): HostConfig["RestartPolicy"] | undefined {
  if (!body.has("RestartPolicy")) return undefined;
  const asked = body.at("RestartPolicy");
  const name = asked.text("Name") ?? "no";
  const Name = policies.find((one) => one === name);
  if (Name === undefined)
    throw invalid(`invalid restart policy: unknown policy '${name}'`, `Use one of ${policies.join(", ")}.`);
  return { Name, MaximumRetryCount: asked.number("MaximumRetryCount") ?? 0 };
}

function readMounts(body: Body): HostConfig["Mounts"] | undefined {
  return body.list("Mounts")?.map((mount) => {
    const type = mount.text("Type") ?? "volume";
    if (type !== "bind" && type !== "volume" && type !== "tmpfs")
      throw invalid(`mount type unknown: "${type}"`, "Use bind, volume or tmpfs.");
    const Target = mount.text("Target");
    if (Target === undefined)
      throw invalid(`invalid mount config for type "${type}": field Target must not be empty`, "Say where it goes.");
    const size = mount.at("TmpfsOptions").number("SizeBytes");
    const mode = mount.at("TmpfsOptions").number("Mode");
    const noCopy = mount.at("VolumeOptions").flag("NoCopy");
    return {
      Type: type,
      Target,
      ...given<{ Source: string; ReadOnly: boolean }>({
        Source: mount.text("Source"),
        ReadOnly: mount.flag("ReadOnly"),
      }),
      ...(type === "tmpfs" && {
        TmpfsOptions: given<{ SizeBytes: number; Mode: number }>({ SizeBytes: size, Mode: mode }),
      }),
      ...(noCopy !== undefined && { VolumeOptions: { NoCopy: noCopy } }),
    };
  });
}

function readBindings(body: Body): HostConfig["PortBindings"] | undefined {
  const entries = body.entries("PortBindings");
  if (entries === undefined) return undefined;
  return Object.fromEntries(
    entries.map(([port, ends]) => [
      port,
      ends
        .items()
        .map((end) =>
          given<{ HostIp: string; HostPort: string }>({ HostIp: end.text("HostIp"), HostPort: end.text("HostPort") }),
        ),
    ]),
  );
}

/** How a container is run on its host: of a create and of an update. @throws EngineError 400 */
export function readHostConfig(body: Body): Partial<HostConfig> {
  const mode = body.text("NetworkMode");
  return given<HostConfig>({
    Binds: body.texts("Binds"),
    Mounts: readMounts(body),
    Tmpfs: body.textMap("Tmpfs"),
    VolumesFrom: body.texts("VolumesFrom"),
    NetworkMode: mode === "default" ? undefined : mode,
    PortBindings: readBindings(body),
    PublishAllPorts: body.flag("PublishAllPorts"),
    ExtraHosts: body.texts("ExtraHosts"),
    Dns: body.texts("Dns"),
    RestartPolicy: readPolicy(body),
    AutoRemove: body.flag("AutoRemove"),
    CapAdd: body.texts("CapAdd"),
    CapDrop: body.texts("CapDrop"),
    Privileged: body.flag("Privileged"),
    Devices: body.list("Devices")?.map((one) => ({
      PathOnHost: one.text("PathOnHost") ?? "",
      PathInContainer: one.text("PathInContainer") ?? "",
      CgroupPermissions: one.text("CgroupPermissions") ?? "",
    })),
    DeviceCgroupRules: body.texts("DeviceCgroupRules"),
    ReadonlyRootfs: body.flag("ReadonlyRootfs"),
    SecurityOpt: body.texts("SecurityOpt"),
    GroupAdd: body.texts("GroupAdd"),
    PidMode: body.text("PidMode"),
    IpcMode: body.text("IpcMode"),
    UTSMode: body.text("UTSMode"),
    ShmSize: positive(body.number("ShmSize")),
    Sysctls: body.textMap("Sysctls"),
    Ulimits: body.list("Ulimits")?.map((one) => ({
      Name: one.text("Name") ?? "",
      Soft: one.number("Soft") ?? 0,
      Hard: one.number("Hard") ?? 0,
    })),
    OomScoreAdj: body.number("OomScoreAdj"),
    Memory: body.number("Memory"),
    MemoryReservation: body.number("MemoryReservation"),
    NanoCpus: body.number("NanoCpus"),
    CpuShares: body.number("CpuShares"),
    CpuPeriod: body.number("CpuPeriod"),
    CpuQuota: positive(body.number("CpuQuota")),
    PidsLimit: positive(body.number("PidsLimit")),
    CpusetCpus: body.text("CpusetCpus"),
    CpusetMems: body.text("CpusetMems"),
    BlkioWeight: body.number("BlkioWeight"),
    BlkioDeviceReadBps: readThrottles(body, "BlkioDeviceReadBps"),
    BlkioDeviceWriteBps: readThrottles(body, "BlkioDeviceWriteBps"),
    BlkioDeviceReadIOps: readThrottles(body, "BlkioDeviceReadIOps"),
    BlkioDeviceWriteIOps: readThrottles(body, "BlkioDeviceWriteIOps"),
  });
}

const readThrottles = (body: Body, field: string): HostConfig["BlkioDeviceReadBps"] | undefined =>
  body.list(field)?.map((one) => ({ Path: one.text("Path") ?? "", Rate: one.number("Rate") ?? 0 }));

/** How a container takes part in a network. */
export const readEndpoint = (body: Body): ConnectOptions => ({
  aliases: body.texts("Aliases"),
  address: body.at("IPAMConfig").text("IPv4Address"),
  mac: body.text("MacAddress"),
});

/** @returns what to make, and what Docker warns of. @throws EngineError 400 */
export function readCreate(
  body: Body,
  name: string | undefined,
): { readonly options: CreateOptions; readonly warnings: readonly string[] } {
  const Image = body.text("Image");
  if (Image === undefined) throw invalid("no image specified", "Name an image.");
  const hostBody = body.at("HostConfig");
  const host = readHostConfig(hostBody);
  const endpoints = (body.at("NetworkingConfig").entries("EndpointsConfig") ?? []).map(
    ([network, one]) => [network === "default" ? "bridge" : network, readEndpoint(one)] as const,
  );
  return {
    options: {
      ...(name !== undefined && { name }),
      config: { ...readConfig(body), Image },
      host,
      ...(endpoints.length > 0 && { endpoints: Object.fromEntries(endpoints) }),
    },
    warnings: absent
      .filter((field) => !hostBody.says(field, saysNothing))
      .map((field) => `This engine has nothing behind HostConfig.${field}. It is discarded.`),
  };
}

/** What `docker run` and `docker create` say, as the API's body: docker/cli's opts.go. */
import { attempt, Errno } from "../../os/index.js";
import type { Activity } from "../../core/index.js";
import { readText } from "../runtime/files.js";
import { CliError } from "./client.js";
import type { Context } from "./command.js";
import { flag, type Flag, type Flags } from "./flags.js";
import { parseSize } from "./units.js";

export const createFlags: readonly Flag[] = [
  flag("add-host", "", "list", "Add a custom host-to-IP mapping (host:ip)"),
  flag("attach", "a", "list", "Attach to STDIN, STDOUT or STDERR"),
  flag("cap-add", "", "list", "Add Linux capabilities"),
  flag("cap-drop", "", "list", "Drop Linux capabilities"),
  flag("cidfile", "", "string", "Write the container ID to the file"),
  flag("cpu-period", "", "int", "Limit CPU CFS (Completely Fair Scheduler) period"),
  flag("cpu-quota", "", "int", "Limit CPU CFS (Completely Fair Scheduler) quota"),
  flag("cpu-shares", "c", "int", "CPU shares (relative weight)"),
  flag("cpus", "", "decimal", "Number of CPUs"),
  flag("blkio-weight", "", "int", "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)"),
  flag("cpuset-cpus", "", "string", "CPUs in which to allow execution (0-3, 0,1)"),
  flag("cpuset-mems", "", "string", "MEMs in which to allow execution (0-3, 0,1)"),
  flag("device-read-bps", "", "list", "Limit read rate (bytes per second) from a device"),
  flag("device-read-iops", "", "list", "Limit read rate (IO per second) from a device"),
  flag("device-write-bps", "", "list", "Limit write rate (bytes per second) to a device"),
  flag("device-write-iops", "", "list", "Limit write rate (IO per second) to a device"),
  flag("dns", "", "list", "Set custom DNS servers"),
  flag("domainname", "", "string", "Container NIS domain name"),
  flag("entrypoint", "", "string", "Overwrite the default ENTRYPOINT of the image"),
  flag("env", "e", "list", "Set environment variables"),
  flag("env-file", "", "list", "Read in a file of environment variables"),
  flag("expose", "", "list", "Expose a port or a range of ports"),
  flag("group-add", "", "list", "Add additional groups to join"),
  flag("health-cmd", "", "string", "Command to run to check health"),
  flag("health-interval", "", "duration", "Time between running the check (ms|s|m|h)", "0s"),
  flag("health-retries", "", "int", "Consecutive failures needed to report unhealthy"),
  flag("health-start-period", "", "duration", "Time in which a failing check doesn't count (ms|s|m|h)", "0s"),
  flag("health-timeout", "", "duration", "Maximum time to allow one check to run (ms|s|m|h)", "0s"),
  flag("hostname", "h", "string", "Container host name"),
  flag("interactive", "i", "bool", "Keep STDIN open even if not attached"),
  flag("ip", "", "string", "IPv4 address (e.g., 172.30.100.104)"),
  flag("ipc", "", "string", "IPC mode to use"),
  flag("label", "l", "list", "Set meta data on a container"),
  flag("label-file", "", "list", "Read in a line delimited file of labels"),
  flag("mac-address", "", "string", "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
  flag("memory", "m", "bytes", "Memory limit"),
  flag("memory-reservation", "", "bytes", "Memory soft limit"),
  flag("mount", "", "mount", "Attach a filesystem mount to the container"),
  flag("name", "", "string", "Assign a name to the container"),
  flag("network", "", "network", "Connect a container to a network"),
  flag("net", "", "network", "Connect a container to a network"),
  flag("network-alias", "", "list", "Add network-scoped alias for the container"),
  flag("no-healthcheck", "", "bool", "Disable any container-specified HEALTHCHECK"),
  flag("oom-score-adj", "", "int", "Tune host's OOM preferences (-1000 to 1000)"),
  flag("pid", "", "string", "PID namespace to use"),
  flag("pids-limit", "", "int", "Tune container pids limit (set -1 for unlimited)"),
  flag("platform", "", "string", "Set platform if server is multi-platform capable"),
  flag("privileged", "", "bool", "Give extended privileges to this container"),
  flag("publish", "p", "list", "Publish a container's port(s) to the host"),
  flag("publish-all", "P", "bool", "Publish all exposed ports to random ports"),
  flag("pull", "", "string", 'Pull image before running ("always"|"missing"|"never")', '"missing"'),
  flag("quiet", "q", "bool", "Suppress the pull output"),
  flag("read-only", "", "bool", "Mount the container's root filesystem as read only"),
  flag("restart", "", "string", "Restart policy to apply when a container exits", '"no"'),
  flag("rm", "", "bool", "Automatically remove the container when it exits"),
  flag("security-opt", "", "list", "Security Options"),
  flag("shm-size", "", "bytes", "Size of /dev/shm"),
  flag("stop-signal", "", "string", "Signal to stop a container", '"SIGTERM"'),
  flag("stop-timeout", "", "int", "Timeout (in seconds) to stop a container"),
  flag("sysctl", "", "map", "Sysctl options", "map[]"),
  flag("tmpfs", "", "list", "Mount a tmpfs directory"),
  flag("tty", "t", "bool", "Allocate a pseudo-TTY"),
  flag("ulimit", "", "ulimit", "Ulimit options", "[]"),
  flag("user", "u", "string", "Username or UID (format: <name|uid>[:<group|gid>])"),
  flag("uts", "", "string", "UTS namespace to use"),
  flag("volume", "v", "list", "Bind mount a volume"),
  flag("volumes-from", "", "list", "Mount volumes from the specified container(s)"),
  flag("workdir", "w", "string", "Working directory inside the container"),
];

export type Bindings = Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>;

function rangeOf(text: string, what: string): readonly [number, number] {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || from > 65_535 || to > 65_535 || to < from) throw new CliError(`Invalid ${what}: ${text}`);
  return [from, to];
}

/**
 * nat.ParsePortSpecs: "8080:80", "127.0.0.1:8080-8081:80-81/udp", "80".
 * @throws CliError
 */
export function parsePorts(specs: readonly string[]): {
  readonly exposed: readonly string[];
  readonly bindings: Bindings;
} {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const spec of specs) {
    const [whole = "", protocol = "tcp"] = spec.split("/");
    const parts = whole.split(":");
    const inside = parts.pop() ?? "";
    const outside = parts.pop() ?? "";
    const HostIp = parts.join(":").replace(/^\[|\]$/g, "");
    if (inside === "") throw new CliError(`No port specified: ${spec}<empty>`);
    if (!["tcp", "udp", "sctp"].includes(protocol.toLowerCase())) throw new CliError(`Invalid proto: ${protocol}`);
    const [first, last] = rangeOf(inside, "containerPort");
    const host = outside === "" ? undefined : rangeOf(outside, "hostPort");
    if (host !== undefined && host[1] - host[0] !== last - first && (first !== last || host[0] === host[1]))
      throw new CliError(`Invalid ranges specified for container and host Ports: ${inside} and ${outside}`);
    for (let port = first; port <= last; port++) {
      const HostPort =
        host === undefined ? "" : first === last && host[0] !== host[1] ? outside : String(host[0] + port - first);
      (bindings[`${port}/${protocol.toLowerCase()}`] ??= []).push({ HostIp, HostPort });
    }
  }
  return { exposed: Object.keys(bindings), bindings };
}

function exposedOf(specs: readonly string[]): string[] {
  return specs.flatMap((spec) => {
    const [range = "", protocol = "tcp"] = spec.split("/");
    if (spec.includes(":")) throw new CliError(`invalid port format for --expose: ${spec}`);
    const [first, last] = rangeOf(range, "range format for --expose");
    return Array.from({ length: last - first + 1 }, (_, place) => `${first + place}/${protocol}`);
  });
}

/** --mount: "type=bind,source=/a,target=/b,readonly". @throws CliError */
function mountOf(text: string): object {
  const fields = new Map(
    text.split(",").map((one) => {
      const [key = "", value = "true"] = one.split(/=(.*)/s);
      return [key.toLowerCase(), value] as const;
    }),
  );
  const take = (...names: readonly string[]): string | undefined =>
    names.map((one) => fields.get(one)).find((one) => one !== undefined);
  const size = take("tmpfs-size");
  const mode = take("tmpfs-mode");
  const Target = take("target", "dst", "destination");
  if (Target === undefined) throw new CliError(`invalid argument "${text}" for "--mount" flag: target is required`);
  return {
    Type: take("type") ?? "volume",
    Source: take("source", "src"),
    Target,
    ReadOnly: ["true", "1"].includes(take("readonly", "ro") ?? "false"),
    ...((size ?? mode) !== undefined && {
      TmpfsOptions: {
        SizeBytes: size === undefined ? undefined : parseSize(size),
        Mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
      },
    }),
    ...(fields.has("volume-nocopy") && { VolumeOptions: { NoCopy: take("volume-nocopy") !== "false" } }),
  };
}

/** Lines of --env-file and --label-file. */
function* linesOf(it: Context, paths: readonly string[]): Activity<string[]> {
  const lines: string[] = [];
  for (const path of paths) {
    const text = yield* attempt(readText(it.sys, path));
    if (text instanceof Errno) throw new CliError(`open ${path}: ${text.message.toLowerCase()}`);
    lines.push(...text.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#")));
  }
  return lines;
}

/** Settings of variables: a name alone takes its value from the client's own, where it has one. */
export function variablesOf(it: Context, given: readonly string[]): string[] {
  return given.flatMap((one) => {
    if (one.includes("=")) return [one];
    const value = it.variable(one);
    return value === undefined ? [] : [`${one}=${value}`];
  });
}

export const mapOf = (given: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    given.map((one) => {
      const [key = "", value = ""] = one.split(/=(.*)/s);
      return [key, value] as const;
    }),
  );

function healthOf(flags: Flags): object | undefined {
  const command = flags.text("health-cmd");
  if (flags.flag("no-healthcheck")) return { Test: ["NONE"] };
  const names = ["health-cmd", "health-interval", "health-timeout", "health-start-period", "health-retries"];
  if (!names.some((name) => flags.has(name))) return undefined;
  return {
    Test: command === undefined ? [] : ["CMD-SHELL", command],
    Interval: flags.duration("health-interval"),
    Timeout: flags.duration("health-timeout"),
    StartPeriod: flags.duration("health-start-period"),
    Retries: flags.number("health-retries"),
  };
}

/** A relative source of a bind is the client's directory's. */
function* volumesOf(it: Context): Activity<{ readonly binds: string[]; readonly anonymous: string[] }> {
  const binds: string[] = [];
  const anonymous: string[] = [];
  for (const one of it.flags.all("volume")) {
    const [source = "", ...rest] = one.split(":");
    if (rest.length === 0) anonymous.push(one);
    else if (/^\.{1,2}(\/|$)/.test(source)) binds.push([yield* absolute(it, source), ...rest].join(":"));
    else binds.push(one);
  }
  return { binds, anonymous };
}

/** A path from the root on, without dots. */
export function* absolute(it: Pick<Context, "sys">, path: string): Activity<string> {
  const from = path.startsWith("/") ? "" : yield* it.sys.getcwd();
  const parts: string[] = [];
  for (const part of `${from}/${path}`.split("/"))
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  return `/${parts.join("/")}`;
}

const ulimitOf = (text: string): object => {
  const [Name = "", limits = ""] = text.split("=");
  const [soft = "0", hard = soft] = limits.split(":");
  return { Name, Soft: Number(soft), Hard: Number(hard) };
};

/** "/dev/vda:1mb", or a number of requests. @throws CliError */
function throttleOf(text: string): { readonly Path: string; readonly Rate: number } {
  const at = text.lastIndexOf(":");
  const Rate = at < 0 ? undefined : parseSize(text.slice(at + 1));
  if (Rate === undefined) throw new CliError(`bad format: ${text}`);
  return { Path: text.slice(0, at), Rate };
}

/** "on-failure:3". @throws CliError */
export function restartPolicy(
  text: string | undefined,
): { readonly Name: string; readonly MaximumRetryCount?: number } | undefined {
  if (text === undefined || text === "") return undefined;
  const [name = "", count, ...more] = text.split(":");
  if (more.length > 0) throw new CliError(`invalid restart policy format: ${text}`);
  if (count === undefined) return { Name: name };
  if (!/^\d+$/.test(count)) throw new CliError("maximum retry count must be an integer");
  return { Name: name, MaximumRetryCount: Number(count) };
}

/** How the container's streams and its client are tied. */
export interface Attaching {
  readonly stdin: boolean;
  readonly streams: readonly ("stdout" | "stderr")[];
  readonly tty: boolean;
}

/** Which of its streams the client of a container has. */
export function attachingOf(flags: Flags): Attaching {
  const asked = flags.all("attach").map((one) => one.toLowerCase());
  const detached = flags.flag("detach");
  const tty = flags.flag("tty");
  if (detached) return { stdin: false, streams: [], tty };
  const streams = (["stdout", "stderr"] as const).filter((one) => asked.length === 0 || asked.includes(one));
  return { stdin: asked.length === 0 ? flags.flag("interactive") : asked.includes("stdin"), streams, tty };
}

/** @returns the body of POST /containers/create. @throws CliError for what can't be meant */
export function* createBody(it: Context, image: string, command: readonly string[]): Activity<object> {
  const { flags } = it;
  const { exposed, bindings } = parsePorts(flags.all("publish"));
  const { binds, anonymous } = yield* volumesOf(it);
  const attaching = attachingOf(flags);
  const network = [...flags.all("network"), ...flags.all("net")][0] ?? "default";
  const policy = restartPolicy(flags.text("restart"));
  if (flags.flag("rm") && policy !== undefined && policy.Name !== "no")
    throw new CliError("Conflicting options: --restart and --rm");
  const aliases = flags.all("network-alias");
  const address = flags.text("ip");
  const entrypoint = flags.text("entrypoint");
  const labels = [...(yield* linesOf(it, flags.all("label-file"))), ...flags.all("label")];
  const texts = (name: string): readonly string[] | null => (flags.has(name) ? flags.all(name) : null);
  const ports = [...new Set([...exposed, ...exposedOf(flags.all("expose"))])];
  return {
    Hostname: flags.text("hostname") ?? "",
    Domainname: flags.text("domainname") ?? "",
    User: flags.text("user") ?? "",
    AttachStdin: attaching.stdin,
    AttachStdout: attaching.streams.includes("stdout"),
    AttachStderr: attaching.streams.includes("stderr"),
    ExposedPorts: Object.fromEntries(ports.map((one) => [one, {}])),
    Tty: flags.flag("tty"),
    OpenStdin: flags.flag("interactive"),
    StdinOnce: attaching.stdin,
    Env: variablesOf(it, [...(yield* linesOf(it, flags.all("env-file"))), ...flags.all("env")]),
    Cmd: command.length === 0 ? null : command,
    Healthcheck: healthOf(flags),
    Image: image,
    Volumes: Object.fromEntries(anonymous.map((one) => [one, {}])),
    WorkingDir: flags.text("workdir") ?? "",
    Entrypoint: entrypoint === undefined ? null : [entrypoint],
    MacAddress: flags.text("mac-address"),
    Labels: mapOf(labels),
    StopSignal: flags.text("stop-signal"),
    StopTimeout: flags.number("stop-timeout"),
    HostConfig: {
      Binds: binds,
      NetworkMode: network,
      PortBindings: bindings,
      PublishAllPorts: flags.flag("publish-all"),
      RestartPolicy: policy ?? { Name: "no", MaximumRetryCount: 0 },
      AutoRemove: flags.flag("rm"),
      VolumesFrom: texts("volumes-from"),
      CapAdd: texts("cap-add"),
      CapDrop: texts("cap-drop"),
      Dns: texts("dns"),
      ExtraHosts: texts("add-host"),
      GroupAdd: texts("group-add"),
      IpcMode: flags.text("ipc") ?? "",
      OomScoreAdj: flags.number("oom-score-adj") ?? 0,
      PidMode: flags.text("pid") ?? "",
      Privileged: flags.flag("privileged"),
      ReadonlyRootfs: flags.flag("read-only"),
      SecurityOpt: texts("security-opt"),
      Tmpfs: mapOf(flags.all("tmpfs").map((one) => one.replace(":", "="))),
      UTSMode: flags.text("uts") ?? "",
      ShmSize: flags.bytes("shm-size") ?? 0,
      Sysctls: mapOf(flags.all("sysctl")),
      CpuShares: flags.number("cpu-shares") ?? 0,
      Memory: flags.bytes("memory") ?? 0,
      NanoCpus: Math.round((flags.number("cpus") ?? 0) * 1e9),
      CpuPeriod: flags.number("cpu-period") ?? 0,
      CpuQuota: flags.number("cpu-quota") ?? 0,
      MemoryReservation: flags.bytes("memory-reservation") ?? 0,
      PidsLimit: flags.number("pids-limit") ?? 0,
      BlkioWeight: flags.number("blkio-weight") ?? 0,
      CpusetCpus: flags.text("cpuset-cpus") ?? "",
      CpusetMems: flags.text("cpuset-mems") ?? "",
      BlkioDeviceReadBps: flags.all("device-read-bps").map(throttleOf),
      BlkioDeviceWriteBps: flags.all("device-write-bps").map(throttleOf),
      BlkioDeviceReadIOps: flags.all("device-read-iops").map(throttleOf),
      BlkioDeviceWriteIOps: flags.all("device-write-iops").map(throttleOf),
      Ulimits: flags.has("ulimit") ? flags.all("ulimit").map(ulimitOf) : null,
      Mounts: flags.all("mount").map(mountOf),
    },
    NetworkingConfig: {
      EndpointsConfig:
        aliases.length > 0 || address !== undefined
          ? {
              [network]: {
                Aliases: aliases,
                ...(address !== undefined && { IPAMConfig: { IPv4Address: address } }),
              },
            }
          : {},
    },
  };
}

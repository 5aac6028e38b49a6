import { rfc3339, type Activity } from "../../../core/index.js";
import type { Field, Json } from "../../json.js";
import { apiVersion, CliError } from "../client.js";
import type { Context, DockerCommand } from "../command.js";
import { flag } from "../flags.js";
import { eachLine } from "../progress.js";
import { fieldOf, filtersOf, listAt, mapAt, numberAt, textAt } from "../rows.js";
import { template } from "../template/execute.js";
import { TemplateError } from "../template/parse.js";
import { bytesSize } from "../units.js";
import { timeParameter } from "./exec.js";

export const clientVersion = "20.10.24";
const commit = "virtlab";

function* format(it: Context, data: Json): Activity<boolean> {
  const source = it.flags.text("format") ?? "";
  if (source === "") return false;
  try {
    it.out.put(`${template(source)(data)}\n`);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new CliError(`Template parsing error: ${error.message}`, 64);
  }
  return true;
}

const version: DockerCommand = {
  paths: ["version"],
  usage: "[OPTIONS]",
  about: "Show the Docker version information",
  flags: [flag("format", "f", "string", "Format the output using the given Go template")],
  operands: [0, 0],
  *run(it) {
    const Client = {
      Version: clientVersion,
      ApiVersion: apiVersion,
      GitCommit: commit,
      Os: "linux",
      Context: "default",
    };
    let failure: CliError | undefined;
    let server: Json = null;
    try {
      server = yield* it.client.json("GET", "/version");
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      failure = error;
    }
    if (yield* format(it, { Client, Server: server })) return 0;
    const { machine } = yield* it.sys.uname();
    const architecture = machine === "x86_64" ? "amd64" : machine;
    const rows = (pairs: readonly (readonly [string, string])[], indent: string, width: number): string =>
      pairs.map(([name, value]) => `${indent}${`${name}:`.padEnd(width)}${value}\n`).join("");
    const own = [
      ["Version", clientVersion],
      ["API version", apiVersion],
      ["Go version", "none"],
      ["Git commit", commit],
      ["Built", ""],
      ["OS/Arch", `linux/${architecture}`],
      ["Context", "default"],
      ["Experimental", "true"],
    ] as const;
    it.out.put(`Client:\n${rows(own, " ", 19)}`);
    if (failure !== undefined) throw failure;
    const seen = fieldOf(server);
    it.out.put(`\nServer: ${textAt(seen.at("Platform"), "Name")}\n`);
    for (const part of listAt(seen, "Components")) {
      const details = part.at("Details");
      const pairs = [
        ["Version", textAt(part, "Version")],
        ["API version", `${textAt(details, "ApiVersion")} (minimum version ${textAt(details, "MinAPIVersion")})`],
        ["Go version", textAt(details, "GoVersion")],
        ["Git commit", textAt(details, "GitCommit")],
        ["Built", textAt(details, "BuildTime")],
        ["OS/Arch", `${textAt(details, "Os")}/${textAt(details, "Arch")}`],
        ["Experimental", textAt(details, "Experimental")],
      ] as const;
      it.out.put(` ${textAt(part, "Name")}:\n${rows(pairs, "  ", 18)}`);
    }
    return 0;
  },
};

const info: DockerCommand = {
  paths: ["info", "system info"],
  usage: "[OPTIONS]",
  about: "Display system-wide information",
  flags: [flag("format", "f", "string", "Format the output using the given Go template")],
  operands: [0, 0],
  *run(it) {
    const answer = yield* it.client.json("GET", "/info");
    if (yield* format(it, answer)) return 0;
    const seen = fieldOf(answer);
    const text = (key: string): string => textAt(seen, key);
    const number = (key: string): string => String(numberAt(seen, key));
    const flagged = (key: string): boolean => seen.at(key).optional((one) => one.boolean()) ?? false;
    const plugins = seen.at("Plugins");
    const words = (key: string): string => (plugins.at(key).optional((one) => one.texts()) ?? []).join(" ");
    const lines = [
      "Client:",
      " Context:    default",
      " Debug Mode: false",
      "",
      "Server:",
      ` Containers: ${number("Containers")}`,
      `  Running: ${number("ContainersRunning")}`,
      `  Paused: ${number("ContainersPaused")}`,
      `  Stopped: ${number("ContainersStopped")}`,
      ` Images: ${number("Images")}`,
      ` Server Version: ${text("ServerVersion")}`,
      ` Storage Driver: ${text("Driver")}`,
      ...listAt(seen, "DriverStatus").map((pair) => `  ${pair.texts().join(": ")}`),
      ` Logging Driver: ${text("LoggingDriver")}`,
      ` Cgroup Driver: ${text("CgroupDriver")}`,
      ` Cgroup Version: ${text("CgroupVersion")}`,
      " Plugins:",
      `  Volume: ${words("Volume")}`,
      `  Network: ${words("Network")}`,
      `  Log: ${words("Log")}`,
      ` Swarm: ${textAt(seen.at("Swarm"), "LocalNodeState")}`,
      ` Runtimes: ${mapAt(seen, "Runtimes")
        .map(([name]) => name)
        .join(" ")}`,
      ` Default Runtime: ${text("DefaultRuntime")}`,
      ` Init Binary: ${text("InitBinary")}`,
      " containerd version: ",
      " runc version: ",
      " init version: ",
      " Security Options:",
      ...(seen.at("SecurityOptions").optional((one) => one.texts()) ?? []).flatMap(securityLines),
      ` Kernel Version: ${text("KernelVersion")}`,
      ` Operating System: ${text("OperatingSystem")}`,
      ` OSType: ${text("OSType")}`,
      ` Architecture: ${text("Architecture")}`,
      ` CPUs: ${number("NCPU")}`,
      ` Total Memory: ${bytesSize(numberAt(seen, "MemTotal"))}`,
      ` Name: ${text("Name")}`,
      ` ID: ${text("ID")}`,
      ` Docker Root Dir: ${text("DockerRootDir")}`,
      ` Debug Mode: ${String(flagged("Debug"))}`,
      ` Registry: ${text("IndexServerAddress")}`,
      " Labels:",
      ...(seen.at("Labels").optional((one) => one.texts()) ?? []).map((one) => `  ${one}`),
      ` Experimental: ${String(flagged("ExperimentalBuild"))}`,
      " Insecure Registries:",
      ...(
        seen
          .at("RegistryConfig")
          .at("InsecureRegistryCIDRs")
          .optional((one) => one.texts()) ?? []
      ).map((one) => `  ${one}`),
      ` Live Restore Enabled: ${String(flagged("LiveRestoreEnabled"))}`,
      "",
    ];
    yield* it.say(`${lines.join("\n")}\n`);
    const missing = [
      ["SwapLimit", "No swap limit support"],
      ["CPUSet", "No cpuset support"],
      ["BridgeNfIptables", "bridge-nf-call-iptables is disabled"],
      ["BridgeNfIp6tables", "bridge-nf-call-ip6tables is disabled"],
    ] as const;
    for (const [key, words] of missing) if (!flagged(key)) yield* it.tell(`WARNING: ${words}\n`);
    return 0;
  },
};

/** "name=seccomp,profile=builtin" in two lines. */
function securityLines(text: string): string[] {
  const pairs = text.split(",").map((one) => one.split("="));
  return pairs.map(([key = "", value = ""]) =>
    key === "name" ? `  ${value}` : `   ${key[0]?.toUpperCase() ?? ""}${key.slice(1)}: ${value}`,
  );
}

/** An event as a line: "2026-… container start ID (image=alpine, name=web)". */
function eventLine(event: Field): string {
  const actor = event.at("Actor");
  const attributes = mapAt(actor, "Attributes")
    .map(([name, value]) => `${name}=${value.text()}`)
    .sort();
  const fraction = String(numberAt(event, "timeNano") % 1e9).padStart(9, "0");
  const time = rfc3339(numberAt(event, "time")).replace("Z", `.${fraction}Z`);
  const more = attributes.length === 0 ? "" : ` (${attributes.join(", ")})`;
  return `${time} ${textAt(event, "Type")} ${textAt(event, "Action")} ${textAt(actor, "ID")}${more}\n`;
}

const events: DockerCommand = {
  paths: ["events", "system events"],
  usage: "[OPTIONS]",
  about: "Get real time events from the server",
  flags: [
    flag("filter", "f", "filter", "Filter output based on conditions provided"),
    flag("format", "", "string", "Format the output using the given Go template"),
    flag("since", "", "string", "Show all events created since timestamp"),
    flag("until", "", "string", "Stream events until this timestamp"),
  ],
  operands: [0, 0],
  *run(it) {
    const { flags } = it;
    const source = flags.text("format") ?? "";
    const now = yield* it.sys.clock_gettime("CLOCK_REALTIME");
    const conversation = yield* it.client.open("GET", "/events", {
      query: {
        since: timeParameter(flags.text("since"), now),
        until: timeParameter(flags.text("until"), now),
        filters: filtersOf(flags.all("filter")),
      },
    });
    const render = source === "" ? undefined : template(source);
    yield* eachLine(conversation, function* (event) {
      return yield* it.say(render === undefined ? eventLine(event) : `${render(event.value)}\n`);
    });
    return 0;
  },
};

export const systemCommands: readonly DockerCommand[] = [version, info, events];

import type { Activity } from "../../core/index.js";
import { EngineError } from "../engine/errors.js";
import { timestamp } from "../timestamp.js";
import { summaryJson } from "./container-json.js";
import { answerJson, type ApiAnswer, type Call } from "./exchange.js";
import { rowJson } from "./images.js";
import { newest, oldest, productVersion } from "./versions.js";
import { volumeJson } from "./volumes.js";

/** What every client asks first: which API there is, and which builder. */
export const ping = ({ request }: Call): ApiAnswer => ({
  status: 200,
  headers: {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-cache, no-store, must-revalidate",
    pragma: "no-cache",
    "builder-version": "1",
    swarm: "inactive",
  },
  body: request.method === "HEAD" ? new Uint8Array(0) : Uint8Array.from([79, 75]),
});

export function version({ engine }: Call): ApiAnswer {
  const { kernel, images } = engine;
  const top = {
    ApiVersion: newest,
    Arch: images.architecture,
    BuildTime: "",
    GitCommit: "virtlab",
    GoVersion: "none",
    KernelVersion: kernel.release,
    MinAPIVersion: oldest,
    Os: "linux",
  };
  return answerJson({
    Platform: { Name: "virtlab" },
    Components: [{ Name: "Engine", Version: productVersion, Details: { ...top, Experimental: "false" } }],
    Version: productVersion,
    ...top,
  });
}

export function info({ engine }: Call): ApiAnswer {
  const { kernel, images } = engine;
  const all = engine.list({ all: true });
  const count = (...states: readonly string[]): number => all.filter(({ State }) => states.includes(State)).length;
  return answerJson({
    ID: "virtlab",
    Containers: all.length,
    ContainersRunning: count("running", "restarting"),
    ContainersPaused: count("paused"),
    ContainersStopped: all.length - count("running", "restarting", "paused"),
    Images: images.list().length,
    Driver: "overlay2",
    DriverStatus: [["Backing Filesystem", "tmpfs"]],
    Plugins: { Volume: ["local"], Network: ["bridge", "host", "null"], Authorization: null, Log: ["json-file"] },
    MemoryLimit: true,
    SwapLimit: false,
    CpuCfsPeriod: true,
    CpuCfsQuota: true,
    CPUShares: true,
    CPUSet: false,
    PidsLimit: true,
    IPv4Forwarding: true,
    Debug: false,
    NFd: 0,
    OomKillDisable: false,
    NGoroutines: 0,
    SystemTime: timestamp(engine.now),
    LoggingDriver: "json-file",
    CgroupDriver: "cgroupfs",
    CgroupVersion: "2",
    NEventsListener: 0,
    KernelVersion: kernel.release,
    OperatingSystem: "virtlab",
    OSVersion: "",
    OSType: "linux",
    Architecture: kernel.machine,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: [],
      AllowNondistributableArtifactsHostnames: [],
      InsecureRegistryCIDRs: ["127.0.0.0/8"],
      IndexConfigs: { "docker.io": { Name: "docker.io", Mirrors: [], Secure: true, Official: true } },
      Mirrors: [],
    },
    NCPU: kernel.scheduler.cpus,
    MemTotal: kernel.memory,
    GenericResources: null,
    DockerRootDir: engine.root,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: kernel.namespaces.uts.hostname,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: productVersion,
    Runtimes: { runc: { path: "runc" } },
    DefaultRuntime: "runc",
    Swarm: {
      NodeID: "",
      NodeAddr: "",
      LocalNodeState: "inactive",
      ControlAvailable: false,
      Error: "",
      RemoteManagers: null,
    },
    LiveRestoreEnabled: false,
    Isolation: "",
    InitBinary: "",
    ContainerdCommit: { ID: "", Expected: "" },
    RuncCommit: { ID: "", Expected: "" },
    InitCommit: { ID: "", Expected: "" },
    SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
    Warnings: null,
  });
}

/** `docker system df`. */
export function* diskUsage(call: Call): Activity<ApiAnswer> {
  const { engine } = call;
  const usage = yield* engine.measureDisk();
  return answerJson({
    LayersSize: usage.layers,
    Images: engine.images.list().map((row) => rowJson(call, row, true)),
    Containers: engine
      .list({ all: true })
      .map((one) => ({ ...summaryJson(engine, one), ...usage.containers.get(one.Id) })),
    Volumes: engine.volumes.list().map((one) => ({
      ...volumeJson(one),
      UsageData: { Size: usage.volumes.get(one.Name) ?? 0, RefCount: engine.volumes.users(one.Name).length },
    })),
    BuildCache: [],
    BuilderSize: 0,
  });
}

/** The build cache holds no bytes beside images' layers. */
export const pruneBuilds = (): ApiAnswer => answerJson({ CachesDeleted: null, SpaceReclaimed: 0 });

export const plugins = (): ApiAnswer => answerJson([]);

export function plugin({ names }: Call): ApiAnswer {
  throw new EngineError(404, `plugin "${names[0] ?? ""}" not found`, "This engine has no plugins.");
}

/** Everything about swarms. */
export function swarm(): ApiAnswer {
  throw new EngineError(
    503,
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    "This engine is one host's; clusters are Kubernetes' here.",
  );
}

/** Where BuildKit would be spoken: this engine has the classic builder. */
export function session(): ApiAnswer {
  throw new EngineError(501, "this engine has the classic builder and no BuildKit", "Build with DOCKER_BUILDKIT=0.");
}

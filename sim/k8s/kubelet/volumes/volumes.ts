import type { Activity } from "../../../core/index.js";
import { makeDirectories, removeTree, writeText } from "../../../container/index.js";
import { attempt, Errno, O_CREAT, O_WRONLY, S_IFDIR, S_IFMT, S_IFREG, type Sys } from "../../../os/index.js";
import { ApiFailure } from "../../client/failure.js";
import type { Container, Pod } from "../../client/pod-types.js";
import { at, isObject, listAt, stringAt, type JsonObject } from "../../objects/value.js";
import { parseQuantity } from "../../objects/quantity.js";
import { claimsOf } from "../../volumes/claims.js";
import type { NodeContext } from "../node-context.js";
import { expanded } from "../pod-config.js";
import { RuntimeFailure, type Mount, type NodeSystem } from "../runtime.js";
import { writeAtomically } from "./atomic-writer.js";
import { payloadOf } from "./payload.js";
import { volumeOf } from "./volume-manager.js";

/** The kubelet's directory of a pod. */
const podDirectory = (uid: string): string => `/var/lib/kubelet/pods/${uid}`;

/** What names a kind of volume in paths (kubernetes, the plugins' names). */
const plugins = ["configMap", "secret", "projected", "downwardAPI", "emptyDir"] as const;

/** Whose content is a secret or is asked to be in memory. */
const inMemory = (volume: JsonObject): boolean =>
  isObject(volume["secret"]) || isObject(volume["projected"]) || stringAt(volume, "emptyDir", "medium") === "Memory";

/** Where a volume's files are on the node, for kinds that the kubelet makes itself. */
function placeOf(uid: string, volume: JsonObject): string | undefined {
  const plugin = plugins.find((kind) => isObject(volume[kind]));
  if (plugin === undefined) return undefined;
  const kind = plugin
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    .replace("downward-a-p-i", "downward-api");
  return `${podDirectory(uid)}/volumes/kubernetes.io~${kind}/${stringAt(volume, "name") ?? ""}`;
}

const failed = (volume: JsonObject, why: string): RuntimeFailure =>
  new RuntimeFailure(`MountVolume.SetUp failed for volume "${stringAt(volume, "name") ?? ""}" : ${why}`);

/**
 * Makes a pod's volumes on its node: directories with what they are to hold (kubernetes, `pkg/volume`). What is there stays; files that
 * show objects are written anew.
 * @throws RuntimeFailure in the words of the event FailedMount
 */
export function* setUpVolumes(context: NodeContext, system: NodeSystem, pod: Pod): Activity<undefined> {
  const { uid = "" } = pod.metadata;
  for (const volume of pod.spec.volumes ?? []) {
    const place = placeOf(uid, volume);
    const given = context.volumes.placeOf(uid, volume.name);
    try {
      if (given !== undefined) yield* system.serve("kubelet", ownedBody(pod, given));
      else if (place !== undefined) yield* setUp(context, system, pod, volume, place);
      else yield* system.serve("kubelet", hostPathBody(yield* hostPathOf(context, pod, volume)));
    } catch (error) {
      if (error instanceof RuntimeFailure) throw failed(volume, error.message);
      if (error instanceof Errno || error instanceof ApiFailure) throw failed(volume, error.message);
      throw error;
    }
  }
  return undefined;
}

function* setUp(
  context: NodeContext,
  system: NodeSystem,
  pod: Pod,
  volume: JsonObject,
  place: string,
): Activity<undefined> {
  const payload = yield* payloadOf(context, pod, volume);
  const fsGroup = at(pod.spec, "securityContext", "fsGroup");
  const limit = parseQuantity(stringAt(volume, "emptyDir", "sizeLimit") ?? "0") ?? 0n;
  const version = String(context.world.engine.now);
  return yield* system.serve("kubelet", function* (sys): Activity<undefined> {
    const isNew = (yield* attempt(sys.stat(place))) instanceof Errno;
    yield* makeDirectories(sys, place);
    if (isNew && inMemory(volume)) {
      const size = limit > 0n ? `size=${limit / 1_000_000_000n}` : "";
      yield* sys.mount("tmpfs", place, "tmpfs", 0, size);
    }
    if (isNew && payload === undefined) yield* sys.chmod(place, typeof fsGroup === "number" ? 0o2777 : 0o777);
    if (isNew && typeof fsGroup === "number") yield* sys.chown(place, -1, fsGroup);
    if (payload !== undefined) yield* writeAtomically(sys, place, payload, version);
    return undefined;
  });
}

/** A volume's root belongs to the pod's group, where it names one. */
const ownedBody = (pod: Pod, place: string) =>
  function* (sys: Sys): Activity<undefined> {
    const fsGroup = at(pod.spec, "securityContext", "fsGroup");
    if (typeof fsGroup !== "number") return undefined;
    yield* sys.chown(place, -1, fsGroup);
    yield* sys.chmod(place, 0o2775);
    return undefined;
  };

/** What of the node a volume is, that isn't the kubelet's to make. */
interface HostPath {
  readonly path: string;
  readonly type: string;
}

/** @throws RuntimeFailure for a kind that there is no plugin for */
function* hostPathOf(context: NodeContext, pod: Pod, volume: JsonObject): Activity<HostPath> {
  const path = stringAt(volume, "hostPath", "path");
  if (path !== undefined) return { path, type: stringAt(volume, "hostPath", "type") ?? "" };
  const claim = claimsOf(pod).get(stringAt(volume, "name") ?? "");
  if (claim === undefined) throw new RuntimeFailure("no volume plugin matched");
  const { spec } = yield* volumeOf(context.client, pod.metadata.namespace ?? "", claim);
  const local = stringAt(spec, "local", "path");
  if (local !== undefined) return { path: local, type: "Directory" };
  const host = stringAt(spec, "hostPath", "path");
  if (host !== undefined) return { path: host, type: stringAt(spec, "hostPath", "type") ?? "" };
  throw new RuntimeFailure("no volume plugin matched");
}

/** Looks at a path of the node, and makes what its type says is to be made (core/v1, HostPathType). */
const hostPathBody = ({ path, type }: HostPath) =>
  function* (sys: Sys): Activity<undefined> {
    const there = yield* attempt(sys.stat(path));
    const kind = there instanceof Errno ? undefined : there.mode & S_IFMT;
    if (kind === undefined && (type === "DirectoryOrCreate" || type === "")) yield* makeDirectories(sys, path);
    else if (kind === undefined && type === "FileOrCreate")
      yield* sys.close(yield* sys.open(path, O_CREAT | O_WRONLY, 0o644));
    else if (type.startsWith("Directory") && kind !== S_IFDIR)
      throw new RuntimeFailure(`hostPath type check failed: ${path} is not a directory`);
    else if (type.startsWith("File") && kind !== S_IFREG)
      throw new RuntimeFailure(`hostPath type check failed: ${path} is not a file`);
    return undefined;
  };

/**
 * What a container sees of its pod's volumes, its /etc/hosts and the file for its last words, which are made for it.
 * @throws RuntimeFailure for a volume that there isn't
 */
export function* mountsOf(
  context: NodeContext,
  system: NodeSystem,
  pod: Pod,
  container: Container,
  facts: { readonly attempt: number; readonly podIP: string; readonly env: Readonly<Record<string, string>> },
): Activity<{ readonly mounts: readonly Mount[]; readonly terminationLog: string }> {
  const { uid = "" } = pod.metadata;
  const own = podDirectory(uid);
  const mounts: Mount[] = [];
  const subPaths: string[] = [];
  for (const mount of listAt(container, "volumeMounts")) {
    const name = stringAt(mount, "name") ?? "";
    const volume = pod.spec.volumes?.find((each) => each.name === name);
    if (volume === undefined)
      throw new RuntimeFailure(`cannot find volume "${name}" to mount into container "${container.name}"`);
    const place =
      placeOf(uid, volume) ?? context.volumes.placeOf(uid, name) ?? (yield* hostPathOf(context, pod, volume)).path;
    const below = expanded(stringAt(mount, "subPathExpr") ?? "", facts.env) || (stringAt(mount, "subPath") ?? "");
    const hostPath = below === "" ? place : `${place}/${below}`;
    if (below !== "") subPaths.push(hostPath);
    mounts.push({
      containerPath: stringAt(mount, "mountPath") ?? "",
      hostPath,
      readOnly: at(mount, "readOnly") === true,
    });
  }
  const directory = `${own}/containers/${container.name}`;
  const terminationLog = `${directory}/${facts.attempt}`;
  const hosts = hostsText(context, pod, facts.podIP);
  yield* system.serve("kubelet", function* (sys): Activity<undefined> {
    yield* makeDirectories(sys, directory);
    yield* writeText(sys, terminationLog, "", true);
    yield* sys.chmod(terminationLog, 0o666);
    if (hosts !== undefined) yield* writeText(sys, `${own}/etc-hosts`, hosts, true);
    for (const path of subPaths)
      if ((yield* attempt(sys.stat(path))) instanceof Errno) yield* makeDirectories(sys, path);
    return undefined;
  });
  const path = stringAt(container, "terminationMessagePath") ?? "/dev/termination-log";
  mounts.push({ containerPath: path, hostPath: terminationLog, readOnly: false });
  if (hosts !== undefined && !mounts.some(({ containerPath }) => containerPath === "/etc/hosts"))
    mounts.push({ containerPath: "/etc/hosts", hostPath: `${own}/etc-hosts`, readOnly: false });
  return { mounts, terminationLog };
}

/** A pod's /etc/hosts (kubernetes, `kubelet_pods.go`, managedHostsFileContent); undefined in the node's network, which has its own. */
function hostsText({ cluster }: NodeContext, { metadata, spec }: Pod, podIP: string): string | undefined {
  if (spec.hostNetwork === true) return undefined;
  const { name = "", namespace = "" } = metadata;
  const { hostname = name, subdomain } = spec;
  const whole = subdomain === undefined ? "" : `${hostname}.${subdomain}.${namespace}.svc.${cluster.domain}\t`;
  const aliases = listAt(spec, "hostAliases").map(
    (alias) =>
      `${stringAt(alias, "ip") ?? ""}\t${listAt(alias, "hostnames")
        .filter((name) => typeof name === "string")
        .join("\t")}\n`,
  );
  return [
    "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n",
    "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n",
    `${podIP}\t${whole}${hostname}\n`,
    ...(aliases.length === 0 ? [] : ["\n# Entries added by HostAliases.\n", ...aliases]),
  ].join("");
}

/** Takes away all that the node keeps of a pod; what it mounted first. */
export function* tearDownVolumes(system: NodeSystem, pod: Pod): Activity<undefined> {
  const { uid = "" } = pod.metadata;
  return yield* system.serve("kubelet", function* (sys): Activity<undefined> {
    for (const volume of pod.spec.volumes ?? []) {
      const place = placeOf(uid, volume);
      if (place !== undefined && inMemory(volume)) yield* attempt(sys.umount2(place, 0));
    }
    return yield* removeTree(sys, podDirectory(uid));
  });
}

/**
 * container: images, registries and what runs containers, on the simulated Linux of sim/os.
 *
 * The words: a *blob* is bytes with a *digest*, the hash that is its name. A *layer* is a tar archive of what changes in a
 * file system; a *whiteout* in it takes a file away. A *configuration* says what a container runs, and names its layers
 * uncompressed (*diff ids*); a *manifest* names the configuration's and the layers' blobs; an *index* names manifests, one
 * for each platform. A *reference* is what a user calls an image. A *chain id* names a stack of layers. A *shim* is the
 * process that a container's first one has as its parent; an *exec* is a further process in a container. An *endpoint* is a
 * container's place in a network; its *sandbox* is all that it holds on the host for its networks.
 *
 * image/      what images are made of: digest, oci (documents, read and checked),
 *             layer, image, reference; content-store (blobs, each once), image-store (images and their names), archive (save
 *             and load); unpack, pack (a layer onto a file system and off it, by system calls)
 * registry/   a registry as a handler of requests (routes, repositories, uploads, tokens, limits), ways to reach one (transport),
 *             and the client's side: session (tokens, resuming), pull, push
 * hub/        a simulated Docker Hub: the images that we author; packages/: the repositories of Alpine's and Debian's packages, from one table
 * internet/   what is beyond a host's network: a provider, name servers, web sites by name
 * bundle/     config.json of OCI's runtime-spec: its shape, its reader, Docker's default configuration and seccomp profile,
 *             rules for devices
 * runtime/    a runtime like runc, by system calls: launch (the talk with a container's process), namespaces, rootfs, process,
 *             cgroup, hooks
 * network/    Docker's networks, by netlink and setns: catalogue (made, found, removed), networks (who is in them), ipam, bridge,
 *             firewall (Docker's rules), ports, proxy, resolver (127.0.0.11), files (hosts, resolv.conf), sandbox
 * build/      a Dockerfile becomes an image: lines, words (variables, quotes), parse, dockerfile (stages); ignore, file-set,
 *             selection and transfer (COPY, ADD); settings, variables; command (RUN); cache; builder; runtime-worker executes
 * snapshot/   layers unpacked once, and writable snapshots over them: for containers and builds
 * engine/     dockerd: engine (the API's verbs), over host (tasks that act for the daemon), creation and lifecycle, shim (a container's
 *             parent), streams (attach), log, exec, health, restart; config, mounts, process-spec (what is asked for, as a bundle);
 *             containers (lists, filters), inspect, observe (top, stats), events; volumes, images, files (cp, diff, commit), usage;
 *             networking (a container's way into networks, and the verbs about these); outcome and errors in Docker's words
 * api/        Docker's Engine API over it, as requests and answers: routes (the table), api (versions, statuses), exchange (what is
 *             asked and answered); query, body and create-request read; open-answer and framing stream; one file for each noun; socket (on the host itself)
 * cli/        docker(1), the client, as a program of the simulated Linux
 * init/       a modest systemd that boots a directory tree: for system containers
 * lxc/        LXC: system containers, their configuration, monitor and commands
 * nspawn/     systemd-nspawn and machinectl: directory trees that are booted
 * jail/       FreeBSD's jails, in a small FreeBSD with a kernel of its own
 * fvm/        Feather-weight Virtual Machines, over a small kernel like Windows'
 * libvirt/    libvirt's LXC driver: domains straight over namespaces
 * json        reading documents of unknown shape; timestamp, times as Go writes them
 *
 * Sizes. A simulated image's programs are names in files that are mostly holes: files, images and disks show realistic sizes,
 * while blobs have few bytes, and true digests of these. What a layer counts on a link is an annotation (`image/layer`).
 *
 * Sources: OCI's image-spec 1.1, runtime-spec 1.2 and distribution-spec 1.1; Docker's documentation where they are silent.
 */
export { demandDigest, digestOf } from "./image/digest.js";
export { bytesOf, fileEntry, gunzip, gzip, readTar, type TarEntry, writeTar } from "../userland/index.js";
export { parseConfig, parseManifest, type ExecutionConfig } from "./image/oci.js";
export { chainIds, entriesOf, makeLayer, transferSizeAnnotation, transferSizeOf, uncompressed } from "./image/layer.js";
export { makeImage, makeIndex, readImage, type Image } from "./image/image.js";
export { ContentStore } from "./image/content-store.js";
export { ImageStore } from "./image/image-store.js";
export { familiarName, formatReference, parseReference } from "./image/reference.js";
export { loadArchive, saveArchive } from "./image/archive.js";
export { removeTree, unpack } from "./image/unpack.js";
export { pack } from "./image/pack.js";
export { Registry } from "./registry/registry.js";
export { namespacePolicy, type AccessPolicy } from "./registry/authorization.js";
export type { RateLimitOptions } from "./registry/rate-limit.js";
export { directTransport, networkTransport, Uplink, type UplinkOptions } from "./registry/transport.js";
export { RegistryError, Session, type Credentials } from "./registry/session.js";
export type { Progress } from "./registry/progress.js";
export { pull } from "./registry/pull.js";
export { push } from "./registry/push.js";
export { dockerHub } from "./hub/docker-hub.js";
export { Internet, internetOf, repositoryName } from "./internet/internet.js";
export type * from "./bundle/spec.js";
export { parseSpec } from "./bundle/parse.js";
export { defaultSpec, dockerCapabilities, type DefaultSpecOptions } from "./bundle/default-spec.js";
export { defaultSeccomp, filterOf } from "./bundle/seccomp.js";
export { Networks, type ConnectOptions, type ContainerEnd } from "./network/networks.js";
export { ask, inNamespace } from "./network/sandbox.js";
export { NetworkError } from "./network/errors.js";
export { makeDirectories, writeText } from "./runtime/files.js";
export { installPackage, type Package } from "./runtime/package.js";
export { Runtime } from "./runtime/runtime.js";
export { cgroupFilesOf, limitCgroup, makeCgroup, removeCgroup, weightOfShares } from "./runtime/cgroup.js";
export { Snapshotter } from "./snapshot/snapshotter.js";
export { build } from "./build/builder.js";
export { BuildCache } from "./build/cache.js";
export { RuntimeWorker } from "./build/runtime-worker.js";
export { EngineError } from "./engine/errors.js";
export type { Container as EngineContainer } from "./engine/container.js";
export type { Attachment } from "./engine/streams.js";
export { ContainerEngine, type ContainerEngineOptions } from "./engine/engine.js";
export { DockerApi } from "./api/api.js";
export { listenAtSocket } from "./api/socket.js";
export { installDockerClient } from "./cli/index.js";
export type { ApiAnswer, ApiRequest, Pull, Sink, Source } from "./api/exchange.js";
export type { BuildOptions, Built } from "./build/progress.js";
export { makeTree } from "./init/index.js";
export { installLxc, parseConfiguration, specOfConfiguration } from "./lxc/index.js";
export {
  BsdError,
  escapeAttempts,
  FreeBsdKernel,
  freeBsdCallTable,
  parseJailConf,
  tryEscape,
  type EscapeTarget,
  type FreeBsdOptions,
  type FreeBsdSys,
} from "./jail/index.js";
export { installNspawn } from "./nspawn/index.js";
export { Fvm, NtError, NtKernel, type NtSys } from "./fvm/index.js";
export { installLibvirt, parseDomain } from "./libvirt/index.js";

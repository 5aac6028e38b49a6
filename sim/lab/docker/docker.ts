import {
  concatBytes,
  formatBytes,
  UsageError,
  withDefaults,
  type Activity,
  type Nanos,
  type TableView,
  type TextView,
} from "../../core/index.js";
import {
  ContainerEngine,
  DockerApi,
  installDockerClient,
  internetOf,
  listenAtSocket,
  parseReference,
  Uplink,
  type Credentials,
  type UplinkOptions,
} from "../../container/index.js";
import { textOf } from "../../net/index.js";
import type { Kernel } from "../../os/index.js";
import { runShell, type RunOptions } from "../../userland/index.js";
import { shellResult, type ShellResult } from "../shell-result.js";
import { Recording } from "./recording.js";
import { Sessions } from "./registries.js";
import { requestWith, send, type Reply } from "./reply.js";
import { Transfer } from "./transfer.js";
import { contextOf, createOptions, wordsOf, type ContainerOptions, type ImageOptions } from "./options.js";

export interface DockerOptions {
  /** The host's link to registries; absent: pulls and pushes take no time. */
  readonly uplink: UplinkOptions | undefined;
}

/**
 * Docker on a simulated Linux, as a cell calls it: every verb lets virtual time pass until it is done. What is refused is a UsageError in
 * Docker's words. `engine` has all verbs of Docker's API, as activities.
 */
export class Docker {
  readonly engine: ContainerEngine;
  /** Its link to registries, where it was given one: `carried` says how many bytes went over. */
  readonly uplink: Uplink | undefined;
  readonly #api: DockerApi;

  /** @throws UsageError for an unknown option */
  constructor(kernel: Kernel, options?: Partial<DockerOptions>) {
    const { uplink } = withDefaults<DockerOptions>("docker", options, { uplink: undefined });
    this.uplink = uplink === undefined ? undefined : new Uplink(kernel.world.engine, uplink);
    internetOf(kernel.world).connect(kernel);
    const sessions = new Sessions(kernel.world, this.uplink);
    this.engine = new ContainerEngine(kernel, {
      registries: (name, credentials) => sessions.with(name, credentials),
    });
    this.#api = new DockerApi(this.engine);
    listenAtSocket(this.engine);
    kernel.run((sys) => installDockerClient(sys, kernel));
  }

  /** Lets time pass until an activity is over. @returns what came of it @throws what it throws */
  do<T>(activity: Activity<T>): T {
    const { engine } = this.engine.kernel;
    const process = engine.spawn(activity, { name: "docker" });
    // Whoever calls hears of an error, not the world.
    process.onSettled(() => undefined);
    engine.run(process);
    if (process.settled) return process.value;
    throw new UsageError("nothing will end this", "Look at ps(): a container that waits for ever is ended by stop().");
  }

  /**
   * A request of Docker's API, as its clients send them: `docker.request("POST", "/containers/create", { Image: "alpine" })`. Time passes until
   * its answer begins; what is refused is an answer, too.
   * @param body becomes JSON
   */
  request(method: string, target: string, body?: unknown): Reply {
    const wait = (activity: Activity<void>): void => {
      this.do(activity);
    };
    return this.do(send(this.#api, requestWith(method, target, body), wait));
  }

  /** Records from now on who asks what of whom: `const heard = docker.record(); …; heard.stop().sequence()`. */
  record(): Recording {
    return new Recording(this.engine.kernel);
  }

  /**
   * Docker's own command line: `cli("ps -a")` is what `docker ps -a` prints in a shell of the host, as root and in /.
   * @throws UsageError for one that waits for what nothing will bring about
   */
  cli(line: string, options?: RunOptions): ShellResult {
    const { kernel } = this.engine;
    const begun = kernel.engine.now;
    const result = runShell(kernel, `docker ${line}`, options);
    return shellResult(result, (kernel.engine.now - begun) as Nanos);
  }

  /** `docker pull`. @returns what became of each layer, and when */
  pull(image: string, credentials?: Credentials): TableView {
    const transfer = new Transfer(this.engine.kernel.engine);
    const tell = transfer.tell.bind(transfer);
    this.do(this.engine.images.pull(image, tell, credentials));
    return transfer.view(`Pull of ${image}`);
  }

  /** `docker push`: to the registry that stands before its first slash. @returns as `pull` */
  push(image: string, credentials?: Credentials): TableView {
    const transfer = new Transfer(this.engine.kernel.engine);
    const tell = transfer.tell.bind(transfer);
    this.do(this.engine.images.push(image, tell, credentials));
    return transfer.view(`Push of ${image}`);
  }

  /** `docker tag`: one more name of an image. */
  tag(image: string, name: string): void {
    this.engine.images.tag(image, name);
  }

  /**
   * What a registry calls an image: "registry.campus/web@sha256:…", under which each host finds the same bytes.
   * @throws UsageError for one that was neither pulled nor pushed
   */
  digest(image: string): string {
    const { id } = this.engine.images.get(image);
    const known = this.engine.images.list().find((row) => row.id === id)?.digests ?? [];
    const { registry, repository } = parseReference(image);
    const own = known.find((one) => {
      const of = parseReference(one);
      return of.registry === registry && of.repository === repository;
    });
    const found = own ?? known[0];
    if (found !== undefined) return found;
    throw new UsageError(`${image} has no digest of a registry`, "Push it first.");
  }

  /** `docker run --detach`: pulls the image where it isn't there, creates a container and starts it. */
  run(image: string, options?: Partial<ContainerOptions>): DockerContainer {
    const asked = createOptions(image, options);
    if (this.engine.images.store.find(image) === undefined) this.pull(image);
    const id = this.do(this.engine.create(asked));
    this.do(this.engine.start(id));
    return new DockerContainer(this, id);
  }

  /** `docker build`: the steps, and why each was executed or wasn't. */
  build(options: Pick<ImageOptions, "dockerfile"> & Partial<ImageOptions>): TableView {
    const { tag, dockerfile, files, args, target, noCache } = withDefaults<ImageOptions>("build", options, {
      tag: "",
      dockerfile: "",
      files: {},
      args: {},
      target: undefined,
      noCache: false,
    });
    const built = this.do(
      this.engine.build(tag === "" ? [] : [tag], {
        ...{ dockerfile, args, noCache },
        context: contextOf(files),
        ...(target !== undefined && { target }),
      }),
    );
    return {
      as: "table",
      title: `${tag === "" ? "An image" : tag}: ${built.image.id.slice("sha256:".length, "sha256:".length + 12)}`,
      columns: [{ key: "line" }, { key: "step" }, { key: "layer" }, { key: "why" }, { key: "size" }],
      rows: built.steps.map(({ line, text, cached, why, size }) => ({
        line,
        step: text,
        layer: cached === undefined ? "" : cached ? "cached" : "made",
        why,
        size: cached === undefined ? "" : formatBytes(size),
      })),
    };
  }

  /** A container by its name, its id or the beginning of one. */
  container(name: string): DockerContainer {
    return new DockerContainer(this, this.engine.container(name).id);
  }

  /** `docker ps`. @param options.all those that have ended, too */
  ps(options: { readonly all?: boolean } = {}): TableView {
    const rows = this.engine.list(options).map(({ Id, Image, Command, Status, Names }) => {
      const ports = Object.entries(this.engine.inspect(Id).NetworkSettings.Ports).flatMap(([inside, bound]) =>
        (bound ?? [{ HostIp: "", HostPort: "" }]).map(({ HostIp, HostPort }) =>
          HostPort === "" ? inside : `${HostIp}:${HostPort}->${inside}`,
        ),
      );
      const container = Id.slice(0, 12);
      const name = Names[0]?.slice(1) ?? "";
      return { container, image: Image, command: Command, status: Status, ports: ports.join(", "), name };
    });
    const columns = ["container", "image", "command", "status", "ports", "name"].map((key) => ({ key }));
    return { as: "table", title: "Containers", columns, rows };
  }

  /** `docker images`. */
  images(): TableView {
    const rows = this.engine.images.list().map(({ id, tags, size, sharedSize }) => ({
      image: tags.join(", ") || "<none>",
      id: id.slice("sha256:".length, "sha256:".length + 12),
      size: formatBytes(size),
      "in layers of others, too": formatBytes(sharedSize),
    }));
    const columns = ["image", "id", "size", "in layers of others, too"].map((key) => ({ key }));
    return { as: "table", title: "Images", columns, rows };
  }

  /** `docker network create`. */
  createNetwork(name: string, options: { readonly subnet?: string; readonly internal?: boolean } = {}): void {
    const { subnet, internal = false } = options;
    this.do(this.engine.networks.create({ name, internal, ...(subnet !== undefined && { ipam: { subnet } }) }));
  }

  /** `docker network ls`, and who is in each. */
  networks(): TableView {
    const rows = this.engine.networks.list().map(({ Name, Driver, IPAM, Containers }) => ({
      network: Name,
      driver: Driver,
      subnet: IPAM.Config.map(({ Subnet }) => Subnet).join(", "),
      containers: Object.values(Containers)
        .map((one) => one.Name)
        .join(", "),
    }));
    const columns = ["network", "driver", "subnet", "containers"].map((key) => ({ key }));
    return { as: "table", title: "Networks", columns, rows };
  }

  view(): TableView {
    return this.ps({ all: true });
  }
}

/** One container, as a cell calls it. */
export class DockerContainer {
  readonly id: string;
  readonly #docker: Docker;

  constructor(docker: Docker, id: string) {
    this.#docker = docker;
    this.id = id;
  }

  get name(): string {
    return this.#docker.engine.container(this.id).name;
  }

  /** "created", "running", "paused", "restarting", "exited". */
  get status(): string {
    return this.#docker.engine.container(this.id).state.status;
  }

  /** Its address in a network that it is in, the first where none is named; undefined where it is in none. */
  address(network?: string): string | undefined {
    const all = this.inspect().NetworkSettings.Networks;
    return (network === undefined ? Object.values(all)[0] : all[network])?.IPAddress;
  }

  /** `docker exec`: runs a command in it to its end. */
  exec(command: readonly string[] | string): ShellResult {
    const { engine } = this.#docker;
    const begun = engine.kernel.engine.now;
    const exec = engine.exec(this.id, { Cmd: wordsOf(command) });
    const output = exec.streams.attach({ stdout: true, stderr: true });
    this.#docker.do(engine.execs.start(exec));
    const chunks = this.#docker.do(output.rest());
    const textFrom = (...streams: string[]): string =>
      textOf(concatBytes(chunks.filter(({ stream }) => streams.includes(stream)).map(({ bytes }) => bytes)));
    const [stdout, stderr] = [textFrom("stdout"), textFrom("stderr")];
    const result = { stdout, stderr, output: textFrom("stdout", "stderr"), status: exec.exitCode ?? 0 };
    return shellResult(result, (engine.kernel.engine.now - begun) as Nanos);
  }

  /** `docker logs`: what it has written. @param tail so many lines from the end */
  logs(tail?: number): TextView {
    const entries = this.#docker.do(this.#docker.engine.logs(this.id, { tail }));
    return { as: "text", text: entries.map(({ text }) => text).join("") };
  }

  /** Lets time pass until it ends. @returns its exit code */
  wait(): number {
    return this.#docker.do(this.#docker.engine.wait(this.id)).exitCode;
  }

  start(): this {
    this.#docker.do(this.#docker.engine.start(this.id));
    return this;
  }

  /** Asks it to end, and kills it when so many seconds are over. */
  stop(seconds = 10): this {
    this.#docker.do(this.#docker.engine.stop(this.id, seconds));
    return this;
  }

  restart(seconds = 10): this {
    this.#docker.do(this.#docker.engine.restart(this.id, seconds));
    return this;
  }

  kill(signal = "SIGKILL"): this {
    this.#docker.do(this.#docker.engine.kill(this.id, signal));
    return this;
  }

  pause(): this {
    this.#docker.do(this.#docker.engine.pause(this.id));
    return this;
  }

  unpause(): this {
    this.#docker.do(this.#docker.engine.unpause(this.id));
    return this;
  }

  /** `docker rm`. @param options.force whether it is killed first */
  remove(options: { readonly force?: boolean; readonly volumes?: boolean } = {}): void {
    this.#docker.do(this.#docker.engine.remove(this.id, options));
  }

  /** `docker network connect`. */
  connect(network: string, aliases: readonly string[] = []): this {
    this.#docker.do(this.#docker.engine.networks.connect(this.id, network, { aliases }));
    return this;
  }

  disconnect(network: string): this {
    this.#docker.do(this.#docker.engine.networks.disconnect(this.id, network));
    return this;
  }

  inspect(): ReturnType<ContainerEngine["inspect"]> {
    return this.#docker.engine.inspect(this.id);
  }

  /** `docker top`. */
  top(): TableView {
    const { Titles, Processes } = this.#docker.do(this.#docker.engine.top(this.id));
    return {
      as: "table",
      title: `The processes of ${this.name}, as the host sees them`,
      columns: Titles.map((key) => ({ key })),
      rows: Processes.map((words) => Object.fromEntries(Titles.map((title, i) => [title, words[i] ?? ""]))),
    };
  }

  /** `docker diff`: what it has changed of its image's files. */
  diff(): TableView {
    const kinds = { A: "added", C: "changed", D: "deleted" } as const;
    return {
      as: "table",
      title: `What ${this.name} has changed`,
      columns: [{ key: "change" }, { key: "path" }],
      rows: this.#docker.do(this.#docker.engine.diff(this.id)).map(({ kind, path }) => ({ change: kinds[kind], path })),
    };
  }

  view(): TextView {
    const container = this.#docker.engine.container(this.id);
    const status = this.#docker.engine.list({ all: true }).find(({ Id }) => Id === this.id)?.Status ?? "removed";
    return { as: "text", text: `${container.name}  ${container.config.Image}  ${status}` };
  }
}

import { any, minutes, s, Signal, type Activity, type Nanos, type Process, type World } from "../../core/index.js";
import type { EventRecorder } from "../client/event-recorder.js";
import type { Container, Handler, Pod, Probe } from "../client/pod-types.js";
import { RuntimeFailure, type ContainerRuntime, type ContainerState, type PodState, type Sandbox } from "./runtime.js";

export type ProbeKind = "startup" | "readiness" | "liveness";
export type ProbeResult = "success" | "failure" | "unknown";

const kinds: readonly ProbeKind[] = ["startup", "readiness", "liveness"];
const titles: Readonly<Record<ProbeKind, string>> = {
  startup: "Startup",
  readiness: "Readiness",
  liveness: "Liveness",
};
/** What holds before the first verdict (kubernetes, `prober/worker.go`, newWorker). */
const initial: Readonly<Record<ProbeKind, ProbeResult>> = {
  startup: "unknown",
  readiness: "failure",
  liveness: "success",
};
/** A run of the world waits so long for a container to succeed at last; a probe that goes on for ever keeps none going. */
const patience: Nanos = minutes(2);

export const probeOf = (container: Container, kind: ProbeKind): Probe | undefined =>
  kind === "startup"
    ? container.startupProbe
    : kind === "readiness"
      ? container.readinessProbe
      : container.livenessProbe;

/** Whose containers are probed: a pod as its worker knows it. */
export interface Probed {
  readonly pod: Pod;
  readonly state: PodState;
  readonly terminating: boolean;
}

/** A port by its number, or by its name among the container's. */
function portOf(container: Container, port: number | string): number | undefined {
  if (typeof port === "number") return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}

/** Probes the containers of one node (kubernetes, `pkg/kubelet/prober`). */
export class Prober {
  readonly world: World;
  readonly runtime: ContainerRuntime;
  readonly events: EventRecorder;
  /** When the kubelet began: probes are spread over their periods then. */
  readonly begun: Nanos;
  readonly #changed: (uid: string) => void;
  /** Verdicts by kind and container id. */
  readonly #results = new Map<string, ProbeResult>();
  readonly #workers = new Map<string, ProbeWorker[]>();

  constructor(world: World, runtime: ContainerRuntime, events: EventRecorder, changed: (uid: string) => void) {
    this.world = world;
    this.runtime = runtime;
    this.events = events;
    this.begun = world.engine.now;
    this.#changed = changed;
  }

  /** Begins to probe a pod's containers, where that isn't done already. */
  add(probed: Probed): void {
    const { uid = "" } = probed.pod.metadata;
    const { containers, initContainers = [] } = probed.pod.spec;
    if (this.#workers.has(uid)) return;
    const workers: ProbeWorker[] = [];
    for (const container of [...initContainers.filter((each) => each.restartPolicy === "Always"), ...containers])
      for (const kind of kinds) {
        const probe = probeOf(container, kind);
        if (probe !== undefined) workers.push(new ProbeWorker(this, probed, container, kind, probe));
      }
    if (workers.length > 0) this.#workers.set(uid, workers);
  }

  /** Stops probing a pod. @param but these go on: readiness counts until the end */
  remove(uid: string, but?: ProbeKind): void {
    const workers = this.#workers.get(uid) ?? [];
    for (const worker of workers) if (worker.kind !== but) worker.stop();
    const left = workers.filter(({ kind }) => kind === but);
    if (left.length === 0) this.#workers.delete(uid);
    else this.#workers.set(uid, left);
  }

  stop(): void {
    for (const uid of [...this.#workers.keys()]) this.remove(uid);
  }

  result(kind: ProbeKind, id: string): ProbeResult | undefined {
    return this.#results.size === 0 ? undefined : this.#results.get(`${kind} ${id}`);
  }

  set(kind: ProbeKind, id: string, result: ProbeResult, uid: string): void {
    const key = `${kind} ${id}`;
    if (this.#results.get(key) === result) return;
    const first = !this.#results.has(key);
    this.#results.set(key, result);
    // What holds from the start is no news.
    if (!first || result !== initial[kind]) this.#changed(uid);
  }

  forget(kind: ProbeKind, id: string): void {
    this.#results.delete(`${kind} ${id}`);
  }

  /** Whether a container that runs has started, as its startup probe sees it. */
  started(_pod: Pod, container: Container, { id, state }: ContainerState): boolean {
    return state === "running" && (container.startupProbe === undefined || this.result("startup", id) === "success");
  }

  /** Whether a container that has started is ready; one that isn't is probed at once. */
  ready(pod: Pod, container: Container, state: ContainerState): boolean {
    if (!this.started(pod, container, state)) return false;
    if (container.readinessProbe === undefined) return true;
    if (this.result("readiness", state.id) === "success") return true;
    const workers = this.#workers.get(pod.metadata.uid ?? "") ?? [];
    for (const worker of workers)
      if (worker.kind === "readiness" && worker.container.name === container.name) worker.trigger();
    return false;
  }
}

/** Probes one container in one way, period after period, through its restarts. */
class ProbeWorker {
  readonly kind: ProbeKind;
  readonly container: Container;
  readonly #prober: Prober;
  readonly #probed: Probed;
  readonly #probe: Probe;
  readonly #process: Process<void>;
  #trigger = new Signal<void>("probe");
  /** The container that was probed last, what it answered, and how often in a row. */
  #id = "";
  #last: ProbeResult | undefined;
  #row = 0;
  /** Nothing is asked of a container that is about to be killed. */
  #hold = false;
  #since: Nanos;

  constructor(prober: Prober, probed: Probed, container: Container, kind: ProbeKind, probe: Probe) {
    this.#prober = prober;
    this.#probed = probed;
    this.container = container;
    this.kind = kind;
    this.#probe = probe;
    this.#since = prober.world.engine.now;
    const name = `${kind} probe of ${container.name}`;
    this.#process = prober.world.engine.spawn(this.#run(), { name, background: true });
  }

  /** Probes now. */
  trigger(): void {
    this.#trigger.fire();
  }

  stop(): void {
    this.#process.cancel();
    if (this.#id !== "") this.#prober.forget(this.kind, this.#id);
  }

  get #state(): ContainerState | undefined {
    return this.#probed.state.containers.find(({ name }) => name === this.container.name);
  }

  *#run(): Activity<void> {
    const { engine, rng } = this.#prober.world;
    const period = s(this.#probe.periodSeconds);
    let next: number = engine.now;
    // After a kubelet's start all would else be probed at once.
    if (period > engine.now - this.#prober.begun) next += Math.floor(rng.stream("probes").uniform() * period);
    for (;;) {
      const succeeded = this.#prober.result(this.kind, this.#id) === "success" && this.#last !== "failure";
      const background = succeeded || engine.now - this.#since > patience;
      if (this.#trigger.settled) this.#trigger = new Signal<void>("probe");
      yield* any({ trigger: this.#trigger, tick: engine.delay((next - engine.now) as Nanos, { background }) });
      if (next <= engine.now) next += period;
      if (this.#trigger.settled) this.#trigger = new Signal<void>("probe");
      if (!(yield* this.#once())) return;
    }
  }

  /** @returns whether to go on */
  *#once(): Activity<boolean> {
    const prober = this.#prober;
    const { pod } = this.#probed;
    const uid = pod.metadata.uid ?? "";
    const state = this.#state;
    if (state === undefined) return true;
    if (state.id !== this.#id) {
      if (this.#id !== "") prober.forget(this.kind, this.#id);
      this.#id = state.id;
      this.#since = prober.world.engine.now;
      this.#hold = false;
      this.#last = undefined;
      this.#row = 0;
      prober.set(this.kind, state.id, initial[this.kind], uid);
    }
    if (this.#hold) return true;
    if (state.state !== "running") {
      prober.set(this.kind, state.id, "failure", uid);
      return state.state !== "exited" || pod.spec.restartPolicy !== "Never";
    }
    if (this.#probed.terminating && this.kind !== "readiness") {
      prober.set(this.kind, state.id, "success", uid);
      return false;
    }
    const age = prober.world.engine.now - state.startedAt;
    if (age < s(this.#probe.initialDelaySeconds ?? 0)) return true;
    // The startup probe until it has succeeded, the others from then on.
    if (prober.started(pod, this.container, state) === (this.kind === "startup")) return true;
    const { result, output } = yield* this.#ask(state);
    // It may have ended, or the pod may have gone, while it was asked.
    if (this.#state?.id !== state.id) return true;
    if (result === "failure")
      prober.events.event(pod, "Warning", "Unhealthy", `${titles[this.kind]} probe failed: ${output}`);
    this.#row = this.#last === result ? this.#row + 1 : 1;
    this.#last = result;
    const { failureThreshold, successThreshold } = this.#probe;
    if (this.#row < (result === "failure" ? failureThreshold : successThreshold)) return true;
    prober.set(this.kind, state.id, result, uid);
    if (result === "failure" && this.kind !== "readiness") {
      this.#hold = true;
      this.#row = 0;
    }
    return true;
  }

  *#ask(state: ContainerState): Activity<{ readonly result: "success" | "failure"; readonly output: string }> {
    const { runtime } = this.#prober;
    const timeout = s(this.#probe.timeoutSeconds);
    const [sandbox] = this.#probed.state.sandboxes;
    try {
      const output = yield* runHandler(runtime, this.container, state.id, sandbox, this.#probe, timeout);
      return { result: "success", output };
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      return { result: "failure", output: error.message };
    }
  }
}

/**
 * Does what a probe or a hook asks for. @returns what it printed
 * @throws RuntimeFailure in the kubelet's words where it fails
 */
export function* runHandler(
  runtime: ContainerRuntime,
  container: Container,
  id: string,
  sandbox: Pick<Sandbox, "id" | "ip"> | undefined,
  handler: Handler,
  timeout: Nanos,
): Activity<string> {
  const { exec, httpGet, tcpSocket, grpc } = handler;
  const { id: pod = "", ip = "" } = sandbox ?? {};
  if (exec !== undefined) {
    const { exitCode, output } = yield* runtime.execSync(id, exec.command ?? [], timeout);
    if (exitCode !== 0) throw new RuntimeFailure(output);
    return output;
  }
  const asked = (httpGet ?? tcpSocket ?? grpc)?.port;
  const port = asked === undefined ? undefined : portOf(container, asked);
  if (port === undefined) throw new RuntimeFailure(`couldn't find port: ${String(asked)}`);
  if (httpGet !== undefined) {
    const { path = "/", host = "", scheme = "HTTP", httpHeaders = [] } = httpGet;
    const headers = Object.fromEntries(httpHeaders.map(({ name, value }) => [name, value]));
    let code: number;
    try {
      code = yield* runtime.httpGet(pod, { port, path, host, headers }, timeout);
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      throw new RuntimeFailure(
        `Get "${scheme.toLowerCase()}://${host === "" ? ip : host}:${port}${path}": ${error.message}`,
      );
    }
    if (code < 200 || code >= 400) throw new RuntimeFailure(`HTTP probe failed with statuscode: ${code}`);
    return "";
  }
  // Simplified: of gRPC's health protocol, that somebody takes the connection.
  yield* runtime.connect(pod, port, timeout);
  return "";
}

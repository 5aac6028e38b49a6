import type { Container, Pod } from "../client/pod-types.js";
import type { Prober } from "./prober.js";
import type { ContainerState, PodState } from "./runtime.js";

export interface Kill {
  readonly container: Container;
  readonly state: ContainerState;
  readonly message: string;
  /** Which probe asks for it. */
  readonly probe?: "startup" | "liveness";
}

/** What is to be done for a pod to be as its spec asks. */
export interface Actions {
  /** There is no sandbox, or one that is dead: all that is left is killed, and a new one made. */
  readonly sandbox: boolean;
  readonly kill: readonly Kill[];
  readonly start: readonly Container[];
  /** Nothing runs, and nothing is to be started ever again. */
  readonly over: boolean;
}

export const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always";

/** The newest container of a name. */
export const latest = ({ containers }: PodState, name: string): ContainerState | undefined =>
  containers.find((each) => each.name === name);

/** Whether a container that ended is started again. */
export function restarts(pod: Pod, container: Container, { exitCode }: ContainerState): boolean {
  if (isSidecar(container)) return true;
  const { restartPolicy = "Always" } = pod.spec;
  return restartPolicy === "Always" || (restartPolicy === "OnFailure" && exitCode !== 0);
}

/** What comes next (kubernetes, `kuberuntime_manager.go`, computePodActions). */
export function actionsFor(pod: Pod, state: PodState, prober: Prober): Actions {
  const { containers, initContainers = [], restartPolicy } = pod.spec;
  const [sandbox] = state.sandboxes;
  if (sandbox?.ready !== true) {
    const had = state.containers.length > 0;
    const done =
      (had && restartPolicy === "Never") ||
      (containers.length > 0 &&
        containers.every((each) => {
          const last = latest(state, each.name);
          return last !== undefined && last.state === "exited" && !restarts(pod, each, last);
        }));
    if (done) return { sandbox: false, kill: [], start: [], over: true };
    const [first] = initContainers;
    const wanted = first === undefined ? containers.filter((each) => mayStart(pod, each, state)) : [first];
    return { sandbox: true, kill: [], start: wanted, over: false };
  }
  const kill: Kill[] = [];
  const start: Container[] = [];
  const begun = containers.some(({ name }) => latest(state, name) !== undefined);
  const initialized = initialize(pod, state, prober, begun, kill, start);
  if (initialized === "failed") return { sandbox: false, kill, start: [], over: true };
  if (initialized === "no") return { sandbox: false, kill, start, over: false };
  let kept = 0;
  let wanted = 0;
  for (const container of containers) {
    const now = latest(state, container.name);
    if (now?.state !== "running") {
      if (!mayStart(pod, container, state)) continue;
      start.push(container);
      wanted++;
      continue;
    }
    const verdict = unwanted(pod, container, now, prober);
    if (verdict === undefined) kept++;
    else {
      kill.push(verdict.kill);
      if (!verdict.again) continue;
      start.push(container);
      wanted++;
    }
  }
  return { sandbox: false, kill, start, over: kept === 0 && wanted === 0 };
}

function mayStart(pod: Pod, container: Container, state: PodState): boolean {
  const last = latest(state, container.name);
  if (last === undefined || last.state === "created") return true;
  return last.state === "exited" && restarts(pod, container, last);
}

/** Whether a running container is to be killed, and started anew. */
function unwanted(
  pod: Pod,
  container: Container,
  now: ContainerState,
  prober: Prober,
): { readonly kill: Kill; readonly again: boolean } | undefined {
  const again = isSidecar(container) || pod.spec.restartPolicy !== "Never";
  const { name } = container;
  for (const probe of ["liveness", "startup"] as const) {
    if (prober.result(probe, now.id) !== "failure") continue;
    const message = `Container ${name} failed ${probe} probe${again ? ", will be restarted" : ""}`;
    return { kill: { container, state: now, message, probe }, again };
  }
  return undefined;
}

/**
 * Init containers run one after another, each to its end, a sidecar until it has started. Behind them, when regular containers have
 * begun, only sidecars are looked after.
 */
function initialize(
  pod: Pod,
  state: PodState,
  prober: Prober,
  begun: boolean,
  kill: Kill[],
  start: Container[],
): "yes" | "no" | "failed" {
  for (const container of pod.spec.initContainers ?? []) {
    const now = latest(state, container.name);
    if (isSidecar(container)) {
      const verdict = now?.state === "running" ? unwanted(pod, container, now, prober) : undefined;
      if (verdict !== undefined) kill.push(verdict.kill);
      if (now?.state !== "running" || verdict !== undefined) start.push(container);
      if (!begun && (now?.state !== "running" || !prober.started(pod, container, now))) return "no";
    } else if (!begun) {
      if (now === undefined || now.state === "created") {
        start.push(container);
        return "no";
      }
      if (now.state === "running") return "no";
      if (now.exitCode !== 0) {
        if (pod.spec.restartPolicy === "Never") return "failed";
        start.push(container);
        return "no";
      }
    }
  }
  return "yes";
}

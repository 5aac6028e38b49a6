import { all, s, type Activity, type Nanos } from "../../core/index.js";
import type { Container, Pod } from "../client/pod-types.js";
import { isSidecar, latest, type Kill } from "./actions.js";
import type { BackOff } from "./back-off.js";
import { formatGoDuration } from "./go-duration.js";
import type { Waiting } from "./images.js";
import { podText, type NodeContext } from "./node-context.js";
import { configOf } from "./container-config.js";
import { probeOf, runHandler } from "./prober.js";
import { RuntimeFailure, type ContainerState, type PodState, type Sandbox } from "./runtime.js";

/** Also behind a hook that took all of the grace period a container gets so long (kubernetes, `minimumGracePeriodInSeconds`). */
const leastGrace: Nanos = s(2);

export interface BackOffs {
  readonly restart: BackOff;
  readonly image: BackOff;
}

/**
 * Starts a container: image, creation, start, hook.
 * @returns what keeps it from that
 */
export function* startContainer(
  context: NodeContext,
  pod: Pod,
  container: Container,
  state: PodState,
  sandbox: Sandbox,
  backOffs: BackOffs,
): Activity<Waiting | undefined> {
  const { world, runtime, events, images } = context;
  const { name } = container;
  const last = latest(state, name);
  const { engine } = world;
  if (last?.state === "exited") {
    const { restart } = backOffs;
    if (restart.holds(engine.now, last.finishedAt)) {
      const what = `restarting failed container`;
      events.event(pod, "Warning", "BackOff", `Back-off ${what} ${name} in pod ${podText(pod)}`);
      const message = `back-off ${formatGoDuration(restart.wait)} ${what}=${name} pod=${podText(pod)}`;
      return { reason: "CrashLoopBackOff", message };
    }
    restart.next(engine.now, last.finishedAt);
  }
  const lacking = yield* images.ensure(pod, container, backOffs.image);
  if (lacking !== undefined) {
    events.event(pod, "Warning", "Failed", `Error: ${lacking.reason}`);
    return lacking;
  }
  const failed = (reason: string, error: unknown): Waiting => {
    if (!(error instanceof RuntimeFailure)) throw error;
    events.event(pod, "Warning", "Failed", `Error: ${error.message}`);
    return { reason, message: error.message };
  };
  let id: string;
  let reason = "CreateContainerConfigError";
  try {
    const attempt = last === undefined ? 0 : last.attempt + 1;
    const config = yield* configOf(context, pod, container, attempt, sandbox.ip);
    reason = "CreateContainerError";
    id = yield* runtime.createContainer(sandbox.id, config);
  } catch (error) {
    return failed(reason, error);
  }
  events.event(pod, "Normal", "Created", `Created container: ${name}`);
  try {
    yield* runtime.startContainer(id);
  } catch (error) {
    return failed("RunContainerError", error);
  }
  events.event(pod, "Normal", "Started", `Started container ${name}`);
  const hook = container.lifecycle?.postStart;
  if (hook === undefined) return undefined;
  try {
    if (hook.sleep !== undefined) yield* engine.delay(s(hook.sleep.seconds));
    else yield* runHandler(runtime, container, id, sandbox, hook, s(120));
    return undefined;
  } catch (error) {
    if (!(error instanceof RuntimeFailure)) throw error;
    events.event(pod, "Warning", "FailedPostStartHook", "PostStartHook failed");
    events.event(pod, "Normal", "Killing", "FailedPostStartHook");
    yield* runtime.stopContainer(id, graceOf(pod));
    return { reason: "PostStartHookError", message: error.message };
  }
}

/** How long a pod's containers have to end. */
export function graceOf({ metadata, spec }: Pod): Nanos {
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const wanted = deletionTimestamp === undefined ? spec.terminationGracePeriodSeconds : deletionGracePeriodSeconds;
  // Zero would kill what can't have heard of it (kubernetes, `calculateEffectiveGracePeriod`).
  return s(Math.max(1, wanted ?? 30));
}

/** Kills a container that a probe has condemned. */
export function* killContainer(
  context: NodeContext,
  pod: Pod,
  kill: Kill,
  sandbox: Sandbox | undefined,
): Activity<void> {
  const { container, state, message, probe } = kill;
  const own = probe === undefined ? undefined : probeOf(container, probe)?.terminationGracePeriodSeconds;
  yield* endContainer(context, pod, container, state, sandbox, own === undefined ? graceOf(pod) : s(own), message);
}

/** The hook first, then SIGTERM, and SIGKILL when the grace is over that both share. */
function* endContainer(
  { world: { engine }, runtime, events }: NodeContext,
  pod: Pod,
  container: Container,
  { id, name }: ContainerState,
  sandbox: Sandbox | undefined,
  grace: Nanos,
  message = `Stopping container ${name}`,
): Activity<void> {
  events.event(pod, "Normal", "Killing", message);
  const hook = container.lifecycle?.preStop;
  let left: number = grace;
  if (hook !== undefined && grace > 0) {
    const begun = engine.now;
    try {
      if (hook.sleep !== undefined) yield* engine.delay(Math.min(grace, s(hook.sleep.seconds)) as Nanos);
      else yield* runHandler(runtime, container, id, sandbox, hook, grace);
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      events.event(pod, "Warning", "FailedPreStopHook", "PreStopHook failed");
    }
    left = Math.max(leastGrace, grace - (engine.now - begun));
  }
  yield* runtime.stopContainer(id, left as Nanos);
}

/** Ends all that runs of a pod: containers together, then sidecars from the last to the first, all within one grace period. */
export function* killPod(context: NodeContext, pod: Pod, grace: Nanos): Activity<void> {
  const { world, runtime } = context;
  const { engine } = world;
  const { uid = "" } = pod.metadata;
  const { containers, sandboxes } = runtime.podState(uid);
  const [sandbox] = sandboxes;
  const running = containers.filter(({ state }) => state !== "exited");
  const specs = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const begun = engine.now;
  const left = (): Nanos => Math.max(0, grace - (engine.now - begun)) as Nanos;
  const end = function* (state: ContainerState): Activity<void> {
    const container = specs.find(({ name }) => name === state.name) ?? { name: state.name };
    yield* endContainer(context, pod, container, state, sandbox, left());
  };
  const beside = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const first = running.filter(({ name }) => !beside.has(name));
  const [only] = first;
  if (first.length === 1 && only !== undefined) yield* end(only);
  else if (first.length > 1) yield* all(first.map((state) => engine.spawn(end(state), { name: `kill ${state.name}` })));
  for (const name of [...beside].reverse()) {
    const state = running.find((each) => each.name === name);
    if (state !== undefined) yield* end(state);
  }
  for (const each of sandboxes) yield* runtime.stopPodSandbox(each.id);
}

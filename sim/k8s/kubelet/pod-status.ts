import type { Nanos } from "../../core/index.js";
import type {
  Condition,
  Container,
  ContainerState as Shown,
  ContainerStatus,
  Pod,
  PodStatus,
} from "../client/pod-types.js";
import { epoch, formatTime } from "../objects/time.js";
import { joined, type Draft } from "../objects/value.js";
import { isSidecar, latest, restarts } from "./actions.js";
import type { Waiting } from "./images.js";
import type { NodeContext } from "./node-context.js";
import { phaseOf, type Phase } from "./phase.js";
import type { ContainerState, PodState } from "./runtime.js";

/** What of a pod's status its worker knows. */
export interface PodFacts {
  readonly pod: Pod;
  readonly state: PodState;
  /** Why containers of these names don't start. */
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** The status that was told last. */
  readonly previous: PodStatus;
  /** When the kubelet first saw the pod. */
  readonly startTime: string;
  /** Nothing is started any more. */
  readonly over: boolean;
  /** Ended by the kubelet, and why: evicted, past its deadline, refused. */
  readonly verdict: { readonly reason: string; readonly message: string } | undefined;
}

/** The state before the first: the same for all. */
const none: Shown = {};

const timeOf = (at: Nanos): string => formatTime(epoch + Math.floor(at / 1e9));

function ended(state: ContainerState, runtime: string): Shown {
  const { exitCode, reason, message } = state;
  return {
    terminated: {
      exitCode,
      reason,
      ...(message === "" ? {} : { message }),
      startedAt: timeOf(state.startedAt),
      finishedAt: timeOf(state.finishedAt),
      containerID: `${runtime}://${state.id}`,
    },
  };
}

/** One container's status (kubernetes, `kubelet_pods.go`, convertToAPIContainerStatuses). */
function containerStatus(facts: PodFacts, container: Container, context: NodeContext): ContainerStatus {
  const { pod, state, waiting, previous } = facts;
  const { name, image = "" } = container;
  const { runtime, prober } = context;
  const now = latest(state, name);
  const before = [...(previous.containerStatuses ?? []), ...(previous.initContainerStatuses ?? [])].find(
    (each) => each.name === name,
  );
  const why = waiting.get(name);
  if (now === undefined) {
    const reason = (pod.spec.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating";
    const lastState = before?.state?.terminated !== undefined ? before.state : (before?.lastState ?? none);
    return {
      name,
      state: { waiting: why === undefined ? { reason } : { ...why } },
      lastState,
      ready: false,
      restartCount: before?.restartCount ?? 0,
      image,
      imageID: "",
      started: false,
    };
  }
  const older = state.containers.find((each) => each.name === name && each.id !== now.id);
  let shown: Shown;
  let last: Shown = older?.state === "exited" ? ended(older, runtime.name) : (before?.lastState ?? none);
  if (now.state === "running") shown = { running: { startedAt: timeOf(now.startedAt) } };
  else if (now.state === "created") shown = { waiting: { reason: "ContainerCreating" } };
  else {
    shown = ended(now, runtime.name);
    if (why !== undefined && !facts.over && (restarts(pod, container, now) || now.exitCode !== 0)) {
      last = shown;
      shown = { waiting: { ...why } };
    }
  }
  const regular = pod.spec.containers.includes(container);
  const running = now.state === "running";
  // An init container is ready when it has done its work.
  const ready =
    regular || isSidecar(container)
      ? running && prober.ready(pod, container, now)
      : now.state === "exited" && now.exitCode === 0;
  return {
    name,
    state: shown,
    lastState: last,
    ready,
    restartCount: now.attempt,
    image: now.image,
    imageID: now.imageRef,
    containerID: `${runtime.name}://${now.id}`,
    started: running && prober.started(pod, container, now),
  };
}

const list = (names: readonly string[]): string => `[${names.join(" ")}]`;

interface Standing {
  readonly phase: Phase;
  readonly inits: readonly ContainerStatus[];
  readonly statuses: readonly ContainerStatus[];
}

type Told = Pick<Condition, "type" | "status" | "reason" | "message">;

const met = (type: string): Told => ({ type, status: "True" });
const unmet = (type: string, reason: string, message?: string): Told => ({
  type,
  status: "False",
  reason,
  ...(message === undefined ? {} : { message }),
});

/** The conditions that are the kubelet's to tell (kubernetes, `status/generate.go`). */
function conditionsOf({ pod, state }: PodFacts, { phase, inits, statuses }: Standing): readonly Told[] {
  const [sandbox] = state.sandboxes;
  const begun = statuses.some(({ containerID }) => containerID !== undefined);
  const incomplete = (pod.spec.initContainers ?? []).filter((container) => {
    const status = inits.find(({ name }) => name === container.name);
    return isSidecar(container) ? status?.started !== true : status?.ready !== true;
  });
  const initialized =
    phase === "Succeeded"
      ? { ...met("Initialized"), reason: "PodCompleted" }
      : incomplete.length === 0 || begun
        ? met("Initialized")
        : unmet(
            "Initialized",
            "ContainersNotInitialized",
            `containers with incomplete status: ${list(incomplete.map(({ name }) => name))}`,
          );
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const unready = [...inits.filter(({ name }) => sidecars.has(name)), ...statuses].filter(
    ({ ready }) => ready !== true,
  );
  const readiness = (type: string): Told => {
    if (phase === "Succeeded") return unmet(type, "PodCompleted");
    if (phase === "Failed") return unmet(type, "PodFailed");
    if (unready.length === 0) return met(type);
    const names = list(unready.map(({ name }) => name));
    return unmet(type, "ContainersNotReady", `containers with unready status: ${names}`);
  };
  const containersReady = readiness("ContainersReady");
  let ready = readiness("Ready");
  if (ready.status === "True") {
    const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
      const gate = pod.status?.conditions?.find(({ type }) => type === conditionType);
      if (gate?.status === "True") return [];
      return gate === undefined
        ? [`corresponding condition of pod readiness gate ${JSON.stringify(conditionType)} does not exist.`]
        : [`the status of pod readiness gate ${JSON.stringify(conditionType)} is not "True", but ${gate.status}`];
    });
    if (messages.length > 0) ready = unmet("Ready", "ReadinessGatesNotReady", messages.join(", "));
  }
  const up = sandbox?.ready === true;
  return [
    { type: "PodReadyToStartContainers", status: up ? "True" : "False" },
    initialized,
    ready,
    containersReady,
    met("PodScheduled"),
  ];
}

/** The conditions of late, by what they say: most pods' are the same. */
const lately = new Map<string, Condition>();

function dated({ type, status, reason, message }: Told, lastTransitionTime: string): Condition {
  const key = `${type} ${status} ${lastTransitionTime} ${reason ?? ""} ${message ?? ""}`;
  let condition = lately.get(key);
  if (condition === undefined) {
    if (lately.size >= 100) lately.clear();
    const why = { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
    lately.set(key, (condition = { type, status, ...why, lastTransitionTime }));
  }
  return condition;
}

/** A condition with its time: that of its last change, not of its last telling. */
function timed(told: Told, previous: readonly Condition[], time: string): Condition {
  const before = previous.find(({ type }) => type === told.type);
  if (before?.status !== told.status) return dated(told, time);
  const same = before.reason === told.reason && before.message === told.message;
  // The very object, so that pods' many statuses share what they have in common.
  if (same && before.lastTransitionTime !== undefined) return before;
  return dated(told, before.lastTransitionTime ?? time);
}

/**
 * A pod's status as its node sees it.
 * @returns also whether the pod has come to its end, which is told only when nothing of it runs any more
 */
export function statusOf(
  facts: PodFacts,
  context: NodeContext,
  now: string,
): { readonly status: PodStatus; readonly ended: boolean } {
  const { pod, state, previous, verdict } = facts;
  const { initContainers = [], containers, hostNetwork = false } = pod.spec;
  const inits = initContainers.map((each) => containerStatus(facts, each, context));
  const statuses = containers.map((each) => containerStatus(facts, each, context));
  const found = verdict === undefined ? phaseOf(pod, inits, statuses, facts.over) : "Failed";
  const terminal = found === "Succeeded" || found === "Failed";
  const running = state.containers.some((each) => each.state === "running");
  const phase = terminal && running ? "Running" : found;
  const own = conditionsOf(facts, { phase, inits, statuses });
  const known = pod.status?.conditions ?? [];
  const told = previous.conditions ?? known;
  // What others have written stays: that a pod was preempted, a readiness gate.
  const foreign = known.filter(({ type }) => !own.some((each) => each.type === type));
  let conditions = joined(
    own.map((each) => timed(each, told, now)),
    foreign,
  );
  if (verdict?.reason === "Evicted" && !conditions.some(({ type }) => type === "DisruptionTarget"))
    conditions = joined(conditions, [
      {
        type: "DisruptionTarget",
        status: "True",
        reason: "TerminationByKubelet",
        message: verdict.message,
        lastTransitionTime: now,
      },
    ]);
  const ip = hostNetwork ? context.hostIP : (state.sandboxes[0]?.ip ?? "");
  const address = ip === "" ? previous.podIP : ip;
  const draft: Draft = {
    phase,
    conditions,
    hostIP: context.hostIP,
    hostIPs: [{ ip: context.hostIP }],
    ...(address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] }),
    startTime: facts.startTime,
    ...(inits.length === 0 ? {} : { initContainerStatuses: inits }),
    containerStatuses: statuses,
    qosClass: pod.status?.qosClass,
    ...(verdict === undefined || phase !== "Failed" ? {} : { reason: verdict.reason, message: verdict.message }),
  };
  return { status: draft, ended: terminal };
}

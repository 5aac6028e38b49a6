import { s, type Activity, type Cancel, type Nanos, type Process } from "../../core/index.js";
import { timeText } from "../client/clock.js";
import type { Pod } from "../client/pod-types.js";
import { actionsFor, type Actions } from "./actions.js";
import { BackOff } from "./back-off.js";
import { graceOf, killContainer, killPod, startContainer, type BackOffs } from "./containers.js";
import type { Waiting } from "./images.js";
import { linuxSandbox, makePodCgroup, removePodCgroup } from "./linux-config.js";
import { podText, type NodeContext } from "./node-context.js";
import { missingVolume } from "./pod-config.js";
import { statusOf } from "./pod-status.js";
import type { Probed } from "./prober.js";
import { RuntimeFailure, type PodState } from "./runtime.js";
import { setUpVolumes, tearDownVolumes } from "./volumes/volumes.js";

/** A pod that could not be made what it should be is looked at again after this and up to half as much more (kubernetes, `backOffPeriod`). */
const again = 10;

export interface Verdict {
  readonly reason: string;
  readonly message: string;
}

const none: ReadonlyMap<string, Waiting> = new Map();
const nothing: PodState = { sandboxes: [], containers: [] };

/**
 * One pod on its node, from its first sight to its last trace: it is kept as its spec asks (`syncing`), ended (`terminating`), and
 * cleared away (`terminated`), never backwards (kubernetes, `pod_workers.go`). One thing is done at a time; what happens
 * meanwhile is looked at behind it.
 */
export class PodWorker implements Probed {
  #pod: Pod;
  readonly uid: string;
  readonly #context: NodeContext;
  readonly #startTime: string;
  #waiting: Map<string, Waiting> | undefined;
  #backOffs: Map<string, BackOffs> | undefined;
  #phase: "syncing" | "terminating" | "terminated" = "syncing";
  #state: PodState;
  #verdict: Verdict | undefined;
  /** The node has never let it in. */
  readonly #refused: boolean;
  #over = false;
  /** The object is gone from the API: nobody waits for a status. */
  #orphan = false;
  #grace: Nanos | undefined;
  #working: Process<void> | undefined;
  #dirty = false;
  #retry: Cancel | undefined;
  #deadline: Cancel | undefined;
  readonly #finished: () => void;

  /** @param verdict why the node refuses the pod, where it does */
  constructor(context: NodeContext, pod: Pod, verdict: Verdict | undefined, finished: () => void) {
    this.#context = context;
    this.#pod = pod;
    this.uid = pod.metadata.uid ?? "";
    this.#startTime = pod.status?.startTime ?? timeText(context.world);
    this.#verdict = verdict;
    this.#refused = verdict !== undefined;
    this.#finished = finished;
    // A kubelet that has been started anew finds what is running.
    this.#state = context.runtime.podState(this.uid);
    const { phase } = pod.status ?? {};
    if (verdict !== undefined || phase === "Succeeded" || phase === "Failed") this.#terminate();
    else {
      this.#limit();
      if (pod.metadata.deletionTimestamp !== undefined) this.#terminate();
    }
    this.#poke();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get state(): PodState {
    return this.#state;
  }

  get terminating(): boolean {
    return this.#phase !== "syncing";
  }

  /** Whether it takes none of the node's resources any more. */
  get terminated(): boolean {
    return this.#phase === "terminated";
  }

  /** The object is another than it was. */
  update(pod: Pod): void {
    const old = this.#pod;
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#terminate();
      this.#shorten(graceOf(pod));
      if (this.#phase === "terminated") this.#clear();
    }
    // Its own status, told, comes back as an update: that is no reason to look again.
    if (pod.spec !== old.spec || pod.metadata.deletionTimestamp !== old.metadata.deletionTimestamp) this.#poke();
  }

  /** The object is gone. */
  removed(): void {
    this.#orphan = true;
    this.#context.statuses.forget(this.uid);
    if (this.#phase === "terminated") {
      this.#clear();
      return;
    }
    this.#terminate();
    this.#shorten(s(1));
    this.#poke();
  }

  /** The runtime has been looked at: there is news of this pod. */
  relisted(state: PodState): void {
    this.#state = state;
    this.#poke();
  }

  /** A probe has another verdict. */
  probed(): void {
    this.#poke();
  }

  /** Ends the pod as failed. */
  evict(verdict: Verdict, grace: Nanos): void {
    if (this.#phase !== "syncing") return;
    this.#verdict = verdict;
    this.#terminate();
    this.#shorten(grace);
    this.#poke();
  }

  /** The kubelet stops; containers go on. */
  stop(): void {
    this.#working?.cancel();
    this.#working = undefined;
    this.#retry?.();
    this.#deadline?.();
  }

  #terminate(): void {
    if (this.#phase !== "syncing") return;
    this.#phase = "terminating";
    this.#deadline?.();
    this.#retry?.();
    this.#context.prober.remove(this.uid, "readiness");
    this.#context.volumes.giveUp(this.uid);
  }

  /** Less time than was given before: what is ending already ends sooner. */
  #shorten(grace: Nanos): void {
    if (this.#grace !== undefined && this.#grace <= grace) return;
    const hurry = this.#grace !== undefined;
    this.#grace = grace;
    if (!hurry || this.#working === undefined) return;
    const { runtime, world } = this.#context;
    for (const { id, state } of runtime.podState(this.uid).containers)
      if (state === "running") world.engine.spawn(runtime.stopContainer(id, grace), { name: "hurry" });
  }

  /** `activeDeadlineSeconds`: from its start, whatever it does. */
  #limit(): void {
    const { activeDeadlineSeconds } = this.#pod.spec;
    if (activeDeadlineSeconds === undefined) return;
    const message = "Pod was active on the node longer than the specified deadline";
    const late = (): void => {
      this.#context.events.event(this.#pod, "Normal", "DeadlineExceeded", message);
      this.evict({ reason: "DeadlineExceeded", message }, graceOf(this.#pod));
    };
    this.#deadline = this.#context.world.engine.after(s(activeDeadlineSeconds), late, { name: "active deadline" });
  }

  /** Has it looked at now, or behind what is being done. */
  #poke(): void {
    this.#dirty = true;
    if (this.#working !== undefined) return;
    const { engine } = this.#context.world;
    this.#working = engine.spawn(this.#work(), { name: `pod ${this.#pod.metadata.name ?? ""}` });
  }

  *#work(): Activity<void> {
    while (this.#dirty) {
      // What it has done itself it must see first, or it would do it again: the relist that finds it has it go on.
      if (this.#isSyncing() && this.#context.stale(this.uid)) break;
      this.#dirty = false;
      if (this.#phase === "syncing") yield* this.#sync();
      if (this.#isTerminating()) yield* this.#end();
    }
    this.#working = undefined;
  }

  // As calls, since another may have changed it while this one waited.
  #isTerminating(): boolean {
    return this.#phase === "terminating";
  }
  #isSyncing(): boolean {
    return this.#phase === "syncing";
  }

  /** Tells the pod's status. @returns whether the pod has come to its end */
  #tell(): boolean {
    const { statuses, world } = this.#context;
    const pod = this.#pod;
    if (this.#refused) {
      const { conditions = [], qosClass = "BestEffort" } = pod.status ?? {};
      const status = { phase: "Failed", conditions, qosClass, startTime: this.#startTime, ...this.#verdict };
      if (!this.#orphan) statuses.set(pod, status);
      return true;
    }
    const facts = {
      pod,
      state: this.#state,
      waiting: this.#waiting ?? none,
      previous: statuses.get(this.uid) ?? pod.status ?? {},
      startTime: this.#startTime,
      over: this.#over,
      verdict: this.#verdict,
    };
    const { status, ended } = statusOf(facts, this.#context, timeText(world));
    if (!this.#orphan) statuses.set(pod, status);
    return ended;
  }

  *#sync(): Activity<void> {
    const context = this.#context;
    const pod = this.#pod;
    const actions = actionsFor(pod, this.#state, context.prober);
    this.#over = actions.over;
    if (this.#tell() || actions.over) {
      this.#terminate();
      return;
    }
    context.prober.add(this);
    this.#retry?.();
    this.#retry = undefined;
    const failed = yield* this.#act(actions);
    if (failed && this.#isSyncing()) this.#tryAgain();
  }

  /** Does what is to be done. @returns whether something of it failed */
  *#act({ sandbox, kill, start }: Actions): Activity<boolean> {
    const context = this.#context;
    const { events, runtime } = context;
    const pod = this.#pod;
    let [current] = this.#state.sandboxes;
    // A kubelet that has been started anew finds containers, and not yet what they use.
    if (!sandbox && !context.volumes.has(pod) && (yield* this.#lacking()) !== undefined) return true;
    for (const each of kill) yield* killContainer(context, pod, each, current);
    if (sandbox) {
      const missing = yield* this.#lacking();
      if (missing !== undefined) {
        if (missing !== "") events.event(pod, "Warning", "FailedMount", missing);
        return true;
      }
      if (!this.#isSyncing()) return false;
      if (current !== undefined) {
        const text = "Pod sandbox changed, it will be killed and re-created.";
        events.event(pod, "Normal", "SandboxChanged", text);
        yield* killPod(context, pod, graceOf(pod));
      }
      const made = yield* this.#makeSandbox(current === undefined ? 0 : current.attempt + 1);
      if (made === undefined) return true;
      current = runtime.podState(this.uid).sandboxes.find(({ id }) => id === made);
    }
    let failed = false;
    for (const container of start) {
      if (!this.#isSyncing() || current === undefined) return false;
      const waiting = yield* startContainer(
        context,
        pod,
        container,
        this.#state,
        current,
        this.#backOff(container.name),
      );
      if (waiting === undefined) this.#waiting?.delete(container.name);
      else {
        (this.#waiting ??= new Map()).set(container.name, waiting);
        failed = true;
      }
    }
    if (failed && this.#isSyncing()) this.#tell();
    yield* this.#prune();
    return failed;
  }

  /** Makes the pod's volumes and control group. @returns why that can't be done; empty where it is merely not done yet */
  *#lacking(): Activity<string | undefined> {
    const context = this.#context;
    const { system } = context.runtime;
    try {
      if (!(yield* context.volumes.ready(this.#pod))) return "";
      if (system === undefined) return yield* missingVolume(context, this.#pod);
      yield* setUpVolumes(context, system, this.#pod);
      yield* makePodCgroup(system, this.#pod);
      return undefined;
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      return error.message;
    }
  }

  *#makeSandbox(attempt: number): Activity<string | undefined> {
    const { runtime, events } = this.#context;
    const pod = this.#pod;
    const { name = "", namespace = "" } = pod.metadata;
    const { hostname = name, hostNetwork = false } = pod.spec;
    const linux = runtime.system === undefined ? {} : { linux: linuxSandbox(this.#context, pod) };
    try {
      return yield* runtime.runPodSandbox({ namespace, name, uid: this.uid, attempt, hostname, hostNetwork, ...linux });
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      const text = `Failed to create pod sandbox: ${error.message}`;
      events.event(pod, "Warning", "FailedCreatePodSandBox", text);
      return undefined;
    }
  }

  #backOff(name: string): BackOffs {
    this.#backOffs ??= new Map();
    let found = this.#backOffs.get(name);
    if (found === undefined) this.#backOffs.set(name, (found = { restart: new BackOff(), image: new BackOff() }));
    return found;
  }

  /** Of dead containers the last one stays beside the living (`MaxPerPodContainer`), and old sandboxes go. */
  *#prune(): Activity<void> {
    const { runtime } = this.#context;
    const { containers, sandboxes } = runtime.podState(this.uid);
    const seen = new Map<string, number>();
    for (const { id, name, state } of containers) {
      const newer = seen.get(name) ?? 0;
      seen.set(name, newer + 1);
      if (newer > 1 && state === "exited") yield* runtime.removeContainer(id);
    }
    for (const { id } of sandboxes.slice(2)) yield* runtime.removePodSandbox(id);
  }

  /** Later again, and without keeping a run going: what fails for ever is tried for ever. */
  #tryAgain(): void {
    const { engine, rng } = this.#context.world;
    const wait = s(again * (1 + 0.5 * rng.stream("pod workers").uniform()));
    const retry = (): void => {
      this.#retry = undefined;
      this.#poke();
    };
    this.#retry = engine.after(wait, retry, { name: `retry of ${podText(this.#pod)}`, background: true });
  }

  *#end(): Activity<void> {
    const context = this.#context;
    this.#tell();
    yield* killPod(context, this.#pod, this.#grace ?? graceOf(this.#pod));
    yield* context.volumes.release(this.#pod);
    this.#state = context.runtime.podState(this.uid);
    context.prober.remove(this.uid);
    this.#over = true;
    this.#waiting = undefined;
    this.#phase = "terminated";
    this.#tell();
    this.#clear();
  }

  /** Clears away what is left of a pod that nobody wants any more; of one that has merely ended, logs and states stay. */
  #clear(): void {
    const deleted = this.#pod.metadata.deletionTimestamp !== undefined;
    if (!deleted && !this.#orphan) return;
    if (!this.#orphan) {
      // Told behind the last status; then the pod's removal comes as a change.
      this.#context.statuses.remove(this.uid);
      return;
    }
    const { runtime, world } = this.#context;
    const { sandboxes } = this.#state;
    const pod = this.#pod;
    this.#state = nothing;
    const remove = function* (): Activity<void> {
      for (const { id } of sandboxes) yield* runtime.removePodSandbox(id);
      if (runtime.system === undefined) return;
      yield* tearDownVolumes(runtime.system, pod);
      yield* removePodCgroup(runtime.system, pod);
    };
    world.engine.spawn(remove(), { name: "remove sandboxes" });
    this.#finished();
  }
}

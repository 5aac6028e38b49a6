import { formatGoDuration } from "./go-duration.js";
import { Resource, type Activity, type World } from "../../core/index.js";
import type { EventRecorder } from "../client/event-recorder.js";
import type { Container, Pod } from "../client/pod-types.js";
import type { BackOff } from "./back-off.js";
import { RuntimeFailure, type ContainerRuntime } from "./runtime.js";

/** Why a container can't start: what its `waiting` state says. */
export interface Waiting {
  readonly reason: string;
  readonly message: string;
}

/** An image's name with its tag: `latest` where it names neither tag nor digest. */
export const withTag = (image: string): string =>
  image.includes("@") || /:[^/]*$/.test(image) ? image : `${image}:latest`;

/** Gets images onto the node, one after another as `serializeImagePulls` has it (kubernetes, `pkg/kubelet/images`). */
export class ImageManager {
  readonly #world: World;
  readonly #runtime: ContainerRuntime;
  readonly #events: EventRecorder;
  readonly #turn: Resource;

  constructor(world: World, runtime: ContainerRuntime, events: EventRecorder) {
    this.#world = world;
    this.#runtime = runtime;
    this.#events = events;
    this.#turn = new Resource(world.engine, { name: "image pull", capacity: 1 });
  }

  /** @returns what keeps the container from starting; undefined where its image is there */
  *ensure(
    pod: Pod,
    { image: named = "", imagePullPolicy }: Container,
    backOff: BackOff,
  ): Activity<Waiting | undefined> {
    const image = withTag(named);
    const runtime = this.#runtime;
    const { engine } = this.#world;
    const present = runtime.imageStatus(image) !== undefined;
    if (imagePullPolicy === "Never" || (imagePullPolicy !== "Always" && present)) {
      if (present) {
        this.#events.event(pod, "Normal", "Pulled", `Container image "${named}" already present on machine`);
        return undefined;
      }
      const message = `Container image "${named}" is not present with pull policy of Never`;
      this.#events.event(pod, "Warning", "ErrImageNeverPull", message);
      return { reason: "ErrImageNeverPull", message };
    }
    if (backOff.holdsSinceTry(engine.now)) {
      const message = `Back-off pulling image "${named}"`;
      this.#events.event(pod, "Normal", "BackOff", message);
      return { reason: "ImagePullBackOff", message };
    }
    this.#events.event(pod, "Normal", "Pulling", `Pulling image "${named}"`);
    const asked = engine.now;
    const claim = yield* this.#turn.acquire();
    const begun = engine.now;
    try {
      const { size } = yield* runtime.pullImage(image);
      const took = formatGoDuration(engine.now - begun);
      const whole = formatGoDuration(engine.now - asked);
      const text = `Successfully pulled image "${named}" in ${took} (${whole} including waiting). Image size: ${size} bytes.`;
      this.#events.event(pod, "Normal", "Pulled", text);
      return undefined;
    } catch (error) {
      if (!(error instanceof RuntimeFailure)) throw error;
      this.#events.event(pod, "Warning", "Failed", `Failed to pull image "${named}": ${error.message}`);
      backOff.next(engine.now, engine.now);
      return { reason: "ErrImagePull", message: error.message };
    } finally {
      claim.release();
    }
  }
}

import type { Activity } from "../../core/index.js";
import type { Again } from "../client/control-loop.js";
import { timeText } from "../client/clock.js";
import type { Kinds } from "../client/types.js";
import { Controller, type ControllerContext } from "../controllers/controller.js";
import type { JsonObject } from "../objects/value.js";
import { VolumeFailure, type VolumeDriver } from "./driver.js";
import { retry } from "./retry.js";

type Attachment = Kinds["volumeattachments"];

/** The CSI sidecar external-attacher: has the driver do what VolumeAttachments ask for, and says there what came of it. */
export class Attacher extends Controller {
  readonly #driver: VolumeDriver;
  readonly #finalizer: string;
  readonly #failures = new Map<string, number>();

  constructor(context: ControllerContext, driver: VolumeDriver) {
    super("external-attacher", context, 10);
    this.#driver = driver;
    this.#finalizer = `external-attacher/${driver.name.replaceAll(".", "-")}`;
    this.watchOwn("volumeattachments");
    this.watch("persistentvolumes", {});
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const found = this.informers.store("volumeattachments").byKey(key);
    if (found?.spec.attacher !== this.#driver.name) return undefined;
    try {
      if (found.metadata.deletionTimestamp === undefined) yield* this.#attach(found);
      else yield* this.#detach(found);
      this.#failures.delete(key);
      return undefined;
    } catch (error) {
      if (!(error instanceof VolumeFailure)) throw error;
      const which = found.metadata.deletionTimestamp === undefined ? "attachError" : "detachError";
      const wrong = { [which]: { message: error.message, time: timeText(this.world) } };
      yield* this.#status(found, { attached: found.status?.attached === true, ...wrong });
      return retry(this.#failures, key);
    }
  }

  *#attach(attachment: Attachment): Activity<void> {
    if (attachment.status?.attached === true) return;
    const { name = "", finalizers = [] } = attachment.metadata;
    const handle = this.#handleOf(attachment);
    if (handle === undefined) throw new VolumeFailure(`persistentvolume of ${name} not found`);
    // First the finalizer: once the driver has begun, nobody may forget to undo it.
    if (!finalizers.includes(this.#finalizer))
      yield* this.client.patch("volumeattachments", "", name, {
        metadata: { finalizers: [...finalizers, this.#finalizer] },
      });
    yield* this.#driver.attach(handle, attachment.spec.nodeName);
    yield* this.#status(attachment, { attached: true, attachError: null });
  }

  *#detach(attachment: Attachment): Activity<void> {
    const { name = "", finalizers = [] } = attachment.metadata;
    if (!finalizers.includes(this.#finalizer)) return;
    const handle = this.#handleOf(attachment);
    if (handle !== undefined) yield* this.#driver.detach(handle, attachment.spec.nodeName);
    const left = finalizers.filter((each) => each !== this.#finalizer);
    yield* this.client.patch("volumeattachments", "", name, { metadata: { finalizers: left } });
  }

  #handleOf({ spec }: Attachment): string | undefined {
    const volume = this.informers.store("persistentvolumes").byKey(spec.source.persistentVolumeName ?? "");
    return volume?.spec.csi?.volumeHandle;
  }

  *#status(attachment: Attachment, status: JsonObject): Activity<void> {
    yield* this.client.patch("volumeattachments", "", attachment.metadata.name ?? "", { status }, "status");
  }
}

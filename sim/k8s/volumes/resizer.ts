import type { Activity, Bytes } from "../../core/index.js";
import type { Again } from "../client/control-loop.js";
import { Controller, type ControllerContext } from "../controllers/controller.js";
import { VolumeFailure, type VolumeDriver } from "./driver.js";
import { bytesOf, capacityOf, requested } from "./matching.js";
import { retry } from "./retry.js";

/**
 * The CSI sidecar external-resizer: has the driver enlarge a volume whose claim asks for more than it has. The file system grows with its disk, as
 * of drivers that need no node for it.
 */
export class Resizer extends Controller {
  readonly #driver: VolumeDriver;
  readonly #failures = new Map<string, number>();

  constructor(context: ControllerContext, driver: VolumeDriver) {
    super(`external-resizer ${driver.name}`, context, 10);
    this.#driver = driver;
    this.watchOwn("persistentvolumeclaims");
    this.watch("persistentvolumes", {});
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const claim = this.informers.store("persistentvolumeclaims").byKey(key);
    if (claim?.status?.phase !== "Bound") return undefined;
    const wanted = requested(claim);
    if (bytesOf(claim.status.capacity?.["storage"]) >= wanted) return undefined;
    const volume = this.informers.store("persistentvolumes").byKey(claim.spec.volumeName ?? "");
    if (volume?.spec.csi?.driver !== this.#driver.name) return undefined;
    const { name = "", namespace = "" } = claim.metadata;
    const own = volume.metadata.name ?? "";
    const capacity = { storage: claim.spec.resources?.requests?.["storage"] ?? "" };
    try {
      if (capacityOf(volume) < wanted) {
        this.events.event(claim, "Normal", "Resizing", `External resizer is resizing volume ${own}`);
        yield* this.#driver.expand(volume.spec.csi.volumeHandle, wanted as Bytes);
        yield* this.client.patch("persistentvolumes", "", own, { spec: { capacity } });
      }
      yield* this.client.patch("persistentvolumeclaims", namespace, name, { status: { capacity } }, "status");
      this.events.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
      return undefined;
    } catch (error) {
      if (!(error instanceof VolumeFailure)) throw error;
      const text = `resize volume "${own}" by resizer "${this.#driver.name}" failed: ${error.message}`;
      this.events.event(claim, "Warning", "VolumeResizeFailed", text);
      return retry(this.#failures, key);
    }
  }
}

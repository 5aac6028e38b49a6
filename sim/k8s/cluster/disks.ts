import { BlockStorage } from "../volumes/block-storage.js";
import { CsiController, storageManifest } from "../volumes/csi-controller.js";
import { zoneLabel } from "../volumes/driver.js";
import type { ControlPlane } from "./control-plane.js";
import type { ClusterOptions } from "./options.js";

/** The storage that options ask for. */
export const blockStorage = (
  { world, storage }: ClusterOptions,
  kernelOf: ConstructorParameters<typeof BlockStorage>[1],
): BlockStorage | undefined =>
  storage === undefined || storage === false
    ? undefined
    : new BlockStorage(world, kernelOf, storage === true ? {} : storage);

/** The process beside the storage's driver, and its class. With zones, volumes wait for their first pod's. */
export function beginStorage(
  storage: BlockStorage,
  { world, labels, cloud = false }: ClusterOptions,
  plane: ControlPlane,
  apply: (manifest: string) => unknown,
): void {
  apply(storageManifest(storage.name, cloud !== false || labels?.[zoneLabel] !== undefined));
  plane.add("csi-controller", () => new CsiController(world, plane.endpoint, storage));
}

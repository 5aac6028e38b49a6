import { s, type Activity } from "../../../core/index.js";
import type { Client } from "../../client/client.js";
import { ApiFailure, isAlreadyExists } from "../../client/failure.js";
import { zoneLabel, type NodeDriver } from "../../volumes/driver.js";
import type { NodeDescription } from "../node-status.js";

/** Tells which drivers a node has, how many volumes each may give it, and by what labels they know where it is: its CSINode. */
export function* registerDrivers(
  client: Client,
  { name, labels }: NodeDescription,
  drivers: readonly NodeDriver[],
): Activity<void> {
  const spec = {
    drivers: drivers.map((driver) => ({
      name: driver.name,
      nodeID: name,
      topologyKeys: labels[zoneLabel] === undefined ? [] : [zoneLabel],
      ...(driver.maxVolumes === undefined ? {} : { allocatable: { count: driver.maxVolumes } }),
    })),
  };
  for (;;) {
    try {
      yield* client.create("csinodes", "", { metadata: { name }, spec });
      return;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (isAlreadyExists(error)) return;
    }
    yield* client.world.engine.delay(s(1), { background: true });
  }
}

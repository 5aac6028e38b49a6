import type { Activity } from "../../core/index.js";
import type { Sys } from "../../os/index.js";
import { encodeJson } from "../json.js";
import { textOf } from "../../net/index.js";
import { writeText } from "../runtime/files.js";
import type { Container } from "./container.js";
import type { EngineHost } from "./host.js";

/** Keeps what a container is on disk, as Docker's config.v2.json does: what an engine that starts again finds. */
export function* writeRecord(sys: Sys, host: EngineHost, container: Container): Activity<undefined> {
  const { id, name, created, image, config, mounts, state, restartCount, stoppedByUser } = container;
  const record = {
    ...{ ID: id, Name: `/${name}`, Created: created, Image: image.id, Config: config, HostConfig: container.host },
    ...{ MountPoints: mounts, State: state, RestartCount: restartCount, HasBeenManuallyStopped: stoppedByUser },
  };
  return yield* writeText(sys, `${host.containerDirectory(id)}/config.v2.json`, textOf(encodeJson(record)), true);
}

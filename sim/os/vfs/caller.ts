import type { DeviceAccess } from "../cgroup/device-rules.js";
import type { Credentials } from "../security/credentials.js";

/** Who acts on files: all that a file system may know of a task. */
export interface Caller {
  readonly credentials: Credentials;
  /** Whether its control groups let it have a device; who is in none is let. */
  mayUse?(wanted: DeviceAccess): boolean;
}

import type { DeviceAccess } from "../cgroup/device-rules.js";
import type { PageUser } from "../memory/page-user.js";
import type { Credentials } from "../security/credentials.js";

/** Who acts on files: all that a file system may know of a task. */
export interface Caller {
  readonly credentials: Credentials;
  /** As whom it uses the page cache; the kernel's own reading and writing isn't cached. */
  readonly pageUser?: PageUser;
  /** Whether its control groups let it have a device; who is in none is let. */
  mayUse?(wanted: DeviceAccess): boolean;
}

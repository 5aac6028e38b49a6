import type { Credentials } from "../security/credentials.js";

/** Who acts on files: all that a file system may know of a task. */
export interface Caller {
  readonly credentials: Credentials;
}

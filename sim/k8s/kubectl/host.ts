import type { Activity, Nanos, World } from "../../core/index.js";
import type { User } from "../apiserver/request.js";
import type { ApiEndpoint } from "../client/client.js";

/** Where a kubectl runs: whom it asks, what it reads and where it prints. */
export interface KubectlHost {
  readonly world: World;
  readonly endpoint: ApiEndpoint;
  readonly user: User;
  /** What `cluster-info` calls the server. */
  readonly server: string;
  print(stream: "stdout" | "stderr", text: string): Activity<void>;
  /** A file's text; undefined where there is none. */
  read(path: string): Activity<string | undefined>;
  stdin(): Activity<string>;
  sleep(duration: Nanos): Activity<void>;
}

import type { Activity, Nanos, World } from "../../core/index.js";
import type { User } from "../apiserver/request.js";
import type { ApiEndpoint } from "../client/client.js";
import type { CommandLine } from "./flags.js";

/** Whom a kubectl asks, and as whom. */
export interface Access {
  readonly endpoint: ApiEndpoint;
  /** Who asks, where the server needn't be told by headers. */
  readonly user?: User;
  /** What goes with each request: a token. */
  readonly headers: Readonly<Record<string, string>>;
  /** What `cluster-info` calls the server. */
  readonly server: string;
  /** The one that is meant where none is named. */
  readonly namespace: string;
  /** What `config` calls the user. */
  readonly name: string;
}

/** Where a kubectl runs: what it reads and where it prints. */
export interface KubectlHost {
  readonly world: World;
  /** What a command line and what stands around it say of the server. @throws KubectlFailure */
  access(line: CommandLine): Activity<Access>;
  print(stream: "stdout" | "stderr", text: string): Activity<void>;
  /** A file's text; undefined where there is none. */
  read(path: string): Activity<string | undefined>;
  stdin(): Activity<string>;
  sleep(duration: Nanos): Activity<void>;
}

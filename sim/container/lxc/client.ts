import { encodeUtf8, UsageError, type Activity, type Nanos } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { parseSpec } from "../bundle/parse.js";
import type { ProcessSpec, RuntimeSpec } from "../bundle/spec.js";
import { enterContainer } from "../runtime/birth.js";
import { request } from "../runtime/control.js";
import { cgroupDirectory } from "../runtime/cgroup.js";
import { listDirectory, makeDirectories } from "../runtime/files.js";

/** Where containers are, if nothing else is said. */
export const defaultPath = "/var/lib/lxc";

const containerStates = ["STOPPED", "STARTING", "RUNNING", "STOPPING", "FROZEN"] as const;
export type ContainerState = (typeof containerStates)[number];

export const containerDirectory = (lxcPath: string, name: string): string => `${lxcPath}/${name}`;
export const configFile = (lxcPath: string, name: string): string => `${containerDirectory(lxcPath, name)}/config`;
export const commandSocket = (lxcPath: string, name: string): string =>
  `\0${containerDirectory(lxcPath, name)}/command`;
export const payloadGroup = (name: string): string => `/lxc.payload.${name}`;

/** A container, as what asks its monitor knows it. */
export interface Place {
  readonly lxcPath: string;
  readonly name: string;
}

/** Names of the containers that are defined. */
export function* containers(sys: Sys, lxcPath: string): Activity<string[]> {
  const names = yield* attempt(listDirectory(sys, lxcPath));
  if (names instanceof Errno) return [];
  const found: string[] = [];
  for (const name of names.sort())
    if (!((yield* attempt(sys.stat(configFile(lxcPath, name)))) instanceof Errno)) found.push(name);
  return found;
}

/** @throws UsageError for one that isn't defined */
export function* demandDefined(sys: Sys, { lxcPath, name }: Place): Activity<undefined> {
  if (!((yield* attempt(sys.stat(configFile(lxcPath, name)))) instanceof Errno)) return undefined;
  throw new UsageError(
    `Container is not defined`,
    `Make it: lxc-create -n ${name} -t download. lxc-ls shows what there is.`,
  );
}

function* ask(
  sys: Sys,
  { lxcPath, name }: Place,
  words: readonly string[],
  within?: Nanos,
): Activity<string | undefined> {
  return yield* request(sys, commandSocket(lxcPath, name), words, within);
}

/** The state: a container without a monitor is stopped. */
export function* stateOf(sys: Sys, place: Place): Activity<ContainerState> {
  const said = yield* ask(sys, place, ["state"]);
  return containerStates.find((one) => one === said) ?? "STOPPED";
}

/** Its first process, as the caller sees it. @throws UsageError for one that doesn't run */
export function* initOf(sys: Sys, place: Place): Activity<number> {
  const said = yield* ask(sys, place, ["init"]);
  if (said !== undefined && said !== "") return Number(said);
  throw new UsageError(`${place.name} is not running`, `Start it: lxc-start -n ${place.name}.`);
}

export function* specOf(sys: Sys, place: Place): Activity<RuntimeSpec> {
  return parseSpec(encodeUtf8((yield* ask(sys, place, ["spec"])) ?? ""));
}

/** Waits until it is in one of some states; a container that stops ends any wait. @returns whether it came to that */
export function* waitFor(sys: Sys, place: Place, states: readonly string[], within?: Nanos): Activity<boolean> {
  const now = yield* stateOf(sys, place);
  if (states.includes(now)) return true;
  if (now === "STOPPED") return false;
  const said = yield* ask(sys, place, ["wait", ...states], within);
  return states.includes(said === undefined ? "STOPPED" : said);
}

/** Freezes all of its processes, or lets them go on. */
export function* setFrozen(sys: Sys, place: Place, frozen: boolean): Activity<undefined> {
  yield* initOf(sys, place);
  yield* ask(sys, place, [frozen ? "freeze" : "unfreeze"]);
  // A frozen process goes on until it next leaves the kernel.
  yield* waitFor(sys, place, [frozen ? "FROZEN" : "RUNNING"]);
  return undefined;
}

/** Runs a command in a container's namespaces as its child's. @returns its pid */
export function* attach(sys: Sys, place: Place, process: ProcessSpec): Activity<number> {
  const pid = yield* initOf(sys, place);
  const spec = yield* specOf(sys, place);
  // A group below: the payload's own takes no process any more where its init hands controllers down.
  const cgroup = `${payloadGroup(place.name)}/.lxc`;
  yield* makeDirectories(sys, cgroupDirectory(cgroup));
  return (yield* enterContainer(sys, { spec, pid, cgroup }, process)).pid;
}

import { formatBytes, formatDuration, type Activity } from "../../core/index.js";
import { attempt, Errno, netlink, type Sys } from "../../os/index.js";
import type { Invocation } from "../../userland/index.js";
import { inNamespace } from "../network/sandbox.js";
import { statsOf } from "../runtime/cgroup.js";
import {
  configFile,
  containers,
  defaultPath,
  demandDefined,
  initOf,
  payloadGroup,
  stateOf,
  type Place,
} from "./client.js";
import { readConfiguration } from "./configuration.js";
import { addressesOf } from "./network.js";

interface Row {
  readonly NAME: string;
  readonly STATE: string;
  readonly IPV4: string;
  readonly UNPRIVILEGED: string;
  readonly PID: string;
}

function* rowOf(sys: Sys, place: Place): Activity<Row> {
  const state = yield* stateOf(sys, place);
  const { idmaps } = yield* readConfiguration(sys, configFile(place.lxcPath, place.name));
  const UNPRIVILEGED = String(idmaps.u.length > 0);
  if (state === "STOPPED") return { NAME: place.name, STATE: state, IPV4: "-", UNPRIVILEGED, PID: "-" };
  const init = yield* initOf(sys, place);
  const addresses = yield* attempt(inNamespace(sys, init, () => addressesOf(sys)));
  const IPV4 = addresses instanceof Errno || addresses.length === 0 ? "-" : addresses.join(", ");
  return { NAME: place.name, STATE: state, IPV4, UNPRIVILEGED, PID: String(init) };
}

/** lxc-ls. */
export function* list(it: Invocation): Activity<number> {
  const lxcPath = it.value("P") ?? defaultPath;
  const rows: Row[] = [];
  for (const name of yield* containers(it.sys, lxcPath)) rows.push(yield* rowOf(it.sys, { lxcPath, name }));
  const wanted = (it.has("running") ? ["RUNNING"] : []).concat(
    it.has("stopped") ? ["STOPPED"] : [],
    it.has("frozen") ? ["FROZEN"] : [],
  );
  const shown = rows.filter(({ STATE }) => wanted.length === 0 || wanted.includes(STATE));
  if (!it.has("f")) {
    if (shown.length > 0) it.out.put(`${shown.map(({ NAME }) => NAME).join(it.has("1") ? "\n" : " ")}\n`);
    return 0;
  }
  const columns = (it.value("F") ?? "NAME,STATE,IPV4,UNPRIVILEGED").split(",");
  const table = [
    columns,
    ...shown.map((row) => columns.map((column) => (row as unknown as Record<string, string>)[column] ?? "-")),
  ];
  const widths = columns.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  for (const row of table)
    it.out.put(
      `${row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join(" ")
        .trimEnd()}\n`,
    );
  return 0;
}

/** lxc-info. */
export function* info(it: Invocation, place: Place): Activity<number> {
  yield* demandDefined(it.sys, place);
  const state = yield* stateOf(it.sys, place);
  const put = (key: string, value: string): void => {
    it.out.put(`${`${key}:`.padEnd(16)}${value}\n`);
  };
  if (it.has("s")) put("State", state);
  else {
    put("Name", place.name);
    put("State", state);
  }
  if (state === "STOPPED" || it.has("s")) return 0;
  const init = yield* initOf(it.sys, place);
  put("PID", String(init));
  for (const address of yield* inNamespace(it.sys, init, () => addressesOf(it.sys))) put("IP", address);
  const { cpu, memory } = yield* statsOf(it.sys, payloadGroup(place.name));
  put("CPU use", formatDuration(cpu.usage * 1000));
  put("Memory use", formatBytes(memory.usage));
  const links = yield* inNamespace(it.sys, init, () => netlink(it.sys, { type: "RTM_GETLINK" }));
  const inner = links.filter(({ kind }) => kind === "veth");
  const outer = yield* netlink(it.sys, { type: "RTM_GETLINK" });
  for (const { link } of inner) {
    const own = outer.find(({ index }) => index === link);
    if (own === undefined) continue;
    put("Link", own.name);
    // What the host's end takes in is what the container sends.
    put(" TX bytes", formatBytes(own.statistics.rxBytes));
    put(" RX bytes", formatBytes(own.statistics.txBytes));
  }
  return 0;
}

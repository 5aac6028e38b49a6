import { ms, s, type Activity } from "../../../core/index.js";
import {
  isObject,
  listAt,
  numberAt,
  objectAt,
  show,
  stringAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import { failure, KubectlFailure, Refused, usage } from "../failure.js";
import { printDone } from "../printing.js";
import type { Session, Target } from "../session.js";
import { dryQuery, eachOf, timeoutOf } from "./manifests.js";

const merge = "application/merge-patch+json";
const strategic = "application/strategic-merge-patch+json";

function* change(
  session: Session,
  target: Target,
  body: JsonObject,
  type: string,
  done: string,
  manager = "",
): Activity<void> {
  const query = {
    fieldManager: manager === "" ? `kubectl-${session.line.command.split(" ")[0] ?? ""}` : manager,
    ...dryQuery(session),
  };
  const made =
    session.dryRun === "client"
      ? yield* session.get(target)
      : yield* session.request("PATCH", session.path(target), { body, type, query });
  yield* printDone(session, target.mapping, made, done);
}

/** Words as things and changes: those before the first that says `key=value` or `key-` name objects. */
function split(
  args: readonly string[],
  isChange: RegExp,
): { readonly things: readonly string[]; readonly changes: readonly string[] } {
  const at = args.findIndex((word, i) => i > 0 && isChange.test(word));
  return at < 0 ? { things: args, changes: [] } : { things: args.slice(0, at), changes: args.slice(at) };
}

/** `label` and `annotate`. */
export function* mark(session: Session): Activity<number> {
  const { line } = session;
  const label = line.command === "label";
  const { things, changes } = split(line.args, label ? /^[^=/]*(?:\/[^=]*)?=|-$/ : /=|-$/);
  if (things.length === 0)
    throw failure("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  if (changes.length === 0) throw failure(`at least one ${label ? "label" : "annotation"} update is required`);
  const marks: Record<string, string | null> = {};
  for (const word of changes) {
    const at = word.indexOf("=");
    if (at < 0) marks[word.slice(0, -1)] = null;
    else marks[word.slice(0, at)] = word.slice(at + 1);
  }
  const key = label ? "labels" : "annotations";
  return yield* eachOf(session, yield* session.targets(things, { all: line.is("all") }), function* (target) {
    const before = yield* session.get(target);
    const there = objectAt(before, "metadata", key);
    for (const [name, value] of Object.entries(marks)) {
      const was = there[name];
      if (value === null) {
        if (was === undefined && label) yield* session.out(`label "${name}" not found.\n`);
      } else if (was !== undefined && was !== value && !line.is("overwrite"))
        throw failure(
          label
            ? `'${name}' already has a value (${show(was)}), and --overwrite is false`
            : `--overwrite is false but found the following declared annotation(s): '${name}' already has a value (${show(was)})`,
        );
    }
    const changed = Object.entries(marks).some(([name, value]) =>
      value === null ? there[name] !== undefined : there[name] !== value,
    );
    const done = label ? (changed ? "labeled" : "not labeled") : "annotated";
    yield* change(session, target, { metadata: { [key]: marks } }, merge, done);
  });
}

/** `scale`. */
export function* scale(session: Session): Activity<number> {
  const { line } = session;
  line.required("replicas");
  const replicas = Number(line.value("replicas"));
  if (!Number.isInteger(replicas) || replicas < 0)
    throw failure(`The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0`);
  return yield* eachOf(session, yield* session.targets(line.args, { all: line.is("all") }), function* (target) {
    const path = session.path(target, "scale");
    const wanted = line.value("current-replicas");
    if (wanted !== undefined && wanted !== "-1") {
      const now = numberAt(yield* session.request("GET", path), "spec", "replicas") ?? 0;
      if (now !== Number(wanted)) throw failure(`Expected replicas to be ${wanted}, was ${now}`);
    }
    const resourceVersion = line.value("resource-version");
    const body = { spec: { replicas }, ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }) };
    if (session.dryRun !== "client")
      yield* session.request("PATCH", path, { body, type: merge, query: dryQuery(session) });
    yield* printDone(session, target.mapping, { metadata: { name: target.name } }, "scaled");
  });
}

/** `set image`, `set env`, `set resources`, `set serviceaccount`: of the templates of workloads, or of pods. */
export function* set(session: Session): Activity<number> {
  const { line } = session;
  const what = line.command.split(" ")[1] ?? "";
  const { things, changes } =
    what === "resources" || what === "serviceaccount" ? { things: line.args, changes: [] } : split(line.args, /=|-$/);
  const [account] = what === "serviceaccount" ? things.slice(-1) : [""];
  const named = what === "serviceaccount" ? things.slice(0, -1) : things;
  if (named.length === 0)
    throw failure("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  if (what === "image" && changes.length === 0) throw failure("at least one image update is required");
  const done =
    {
      image: "image updated",
      env: "env updated",
      resources: "resource requirements updated",
      serviceaccount: "serviceaccount updated",
    }[what] ?? "updated";
  return yield* eachOf(session, yield* session.targets(named, { all: line.is("all") }), function* (target) {
    const before = yield* session.get(target);
    const pod = target.mapping.kind === "Pod";
    const template = pod
      ? objectAt(before, "spec")
      : target.mapping.kind === "CronJob"
        ? objectAt(before, "spec", "jobTemplate", "spec", "template", "spec")
        : objectAt(before, "spec", "template", "spec");
    const names = listAt(template, "containers").map((each) => stringAt(each, "name") ?? "");
    const chosen = (line.value("containers") ?? "*") === "*" ? names : (line.value("containers") ?? "").split(",");
    const inner =
      what === "serviceaccount"
        ? { serviceAccountName: account ?? "" }
        : {
            containers: containersOf(
              what,
              names,
              chosen,
              changes,
              line.value("limits"),
              line.value("requests"),
              target,
            ),
          };
    const spec = pod ? inner : { template: { spec: inner } };
    const body = { spec: target.mapping.kind === "CronJob" ? { jobTemplate: { spec } } : spec };
    yield* change(session, target, body, strategic, done);
  });
}

function containersOf(
  what: string,
  names: readonly string[],
  chosen: readonly string[],
  changes: readonly string[],
  limits: string | undefined,
  requests: string | undefined,
  target: Target,
): Json {
  const pairs = changes.map((word): readonly [string, string | undefined] =>
    word.includes("=")
      ? [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]
      : [word.slice(0, -1), undefined],
  );
  if (what === "image") {
    for (const [name] of pairs)
      if (name !== "*" && !names.includes(name)) throw failure(`unable to find container named "${name}"`);
    return names.flatMap((name): Json[] => {
      const image = pairs.findLast(([key]) => key === "*" || key === name)?.[1];
      return image === undefined ? [] : [{ name, image }];
    });
  }
  if (what === "env")
    return chosen.map((name): Json => ({
      name,
      env: pairs.map(([key, value]): Json =>
        value === undefined ? { name: key, $patch: "delete" } : { name: key, value },
      ),
    }));
  const amounts = (text: string | undefined): JsonObject | undefined =>
    text === undefined
      ? undefined
      : Object.fromEntries(text.split(",").map((pair) => pair.split("=") as [string, string]));
  const [most, least] = [amounts(limits), amounts(requests)];
  if (most === undefined && least === undefined)
    throw failure(
      `you must specify an update to requests or limits (in the form of --requests/--limits) for ${target.name}`,
    );
  return chosen.map((name): Json => ({
    name,
    resources: { ...(most === undefined ? {} : { limits: most }), ...(least === undefined ? {} : { requests: least }) },
  }));
}

/** `taint`. */
export function* taint(session: Session): Activity<number> {
  const { line } = session;
  const { things, changes } = split(line.args, /[=:]|-$/);
  if (changes.length === 0) throw failure("at least one taint update is required");
  return yield* eachOf(session, yield* session.targets(things, { all: line.is("all") }), function* (target) {
    const before = listAt(yield* session.get(target), "spec", "taints").filter(isObject);
    let taints = [...before];
    let removed = 0;
    for (const word of changes) {
      const gone = word.endsWith("-");
      const [, key = "", value, effect = ""] =
        /^([^=:]+)(?:=([^:]*))?(?::(\w+))?$/.exec(gone ? word.slice(0, -1) : word) ?? [];
      if (!gone && !["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(effect))
        throw failure(`invalid taint effect: ${effect}, unsupported taint effect`);
      const same = (each: JsonObject): boolean => each["key"] === key && (effect === "" || each["effect"] === effect);
      const there = taints.some(same);
      if (gone && !there) throw failure(`taint "${word.slice(0, -1)}" not found`);
      if (!gone && there && !line.is("overwrite"))
        throw failure(`node ${target.name} already has ${key} taint(s) with same effect(s) and --overwrite is false`);
      if (gone) removed++;
      taints = taints.filter((each) => !same(each));
      if (!gone) taints.push({ key, ...(value === undefined || value === "" ? {} : { value }), effect });
    }
    yield* change(
      session,
      target,
      { spec: { taints } },
      merge,
      removed === changes.length ? "untainted" : removed > 0 ? "modified" : "tainted",
    );
  });
}

/** `cordon`, `uncordon`. */
export function* cordon(session: Session): Activity<number> {
  const on = session.line.command === "cordon";
  if (session.line.args.length === 0 && !session.line.has("selector"))
    throw usage(`USAGE: ${session.line.command} NODE [flags]`, session.line.command);
  const mapping = yield* session.mapping("nodes");
  const names = session.line.has("selector")
    ? (yield* session.targets(["nodes"])).map(({ name }) => name)
    : session.line.args;
  return yield* eachOf(session, names, function* (name) {
    yield* setCordoned(session, { mapping, namespace: "", name }, on);
  });
}

function* setCordoned(session: Session, target: Target, on: boolean): Activity<void> {
  const node = yield* session.get(target);
  const already = (objectAt(node, "spec")["unschedulable"] === true) === on;
  const word = on ? "cordoned" : "uncordoned";
  if (already) yield* session.out(`node/${target.name} already ${word}\n`);
  else yield* change(session, target, { spec: { unschedulable: on ? true : null } }, strategic, word);
}

/** `drain`: cordons a node and evicts its pods, as budgets allow. */
export function* drain(session: Session): Activity<number> {
  const { line, host } = session;
  const nodes = yield* session.mapping("nodes");
  const pods = yield* session.mapping("pods");
  const within = timeoutOf(line.value("timeout"), s(3600));
  for (const name of line.args) {
    const node = { mapping: nodes, namespace: "", name };
    yield* setCordoned(session, node, true);
    const labelSelector = line.value("pod-selector");
    const all = yield* session.list(pods, "", {
      fieldSelector: `spec.nodeName=${name}`,
      ...(labelSelector === undefined ? {} : { labelSelector }),
    });
    const ended = (pod: KubeObject): boolean =>
      ["Succeeded", "Failed"].includes(stringAt(pod, "status", "phase") ?? "");
    const owner = (pod: KubeObject): string =>
      pod.metadata.ownerReferences?.find(({ controller }) => controller === true)?.kind ?? "";
    const listed = (some: readonly KubeObject[]): string =>
      some.map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name ?? ""}`).join(", ");
    const daemons = all.filter((pod) => owner(pod) === "DaemonSet");
    const bare = all.filter((pod) => owner(pod) === "" && !ended(pod));
    const local = all.filter(
      (pod) =>
        owner(pod) !== "DaemonSet" &&
        !ended(pod) &&
        listAt(pod, "spec", "volumes").some((volume) => isObject(volume) && volume["emptyDir"] !== undefined),
    );
    const complaints = [
      ...(daemons.length > 0 && !line.is("ignore-daemonsets")
        ? [`cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ${listed(daemons)}`]
        : []),
      ...(local.length > 0 && !line.is("delete-emptydir-data") && !line.is("delete-local-data")
        ? [`cannot delete Pods with local storage (use --delete-emptydir-data to override): ${listed(local)}`]
        : []),
      ...(bare.length > 0 && !line.is("force")
        ? [
            `cannot delete Pods not managed by ReplicationController, ReplicaSet, Job, DaemonSet or StatefulSet (use --force to override): ${listed(bare)}`,
          ]
        : []),
    ];
    if (complaints.length > 0)
      throw new KubectlFailure(
        `error: unable to drain node "${name}", aborting command...\n\nThere are pending nodes to be drained:\n ${name}\n${complaints.length === 1 ? "error: " : "error: ["}${complaints.join(", ")}${complaints.length === 1 ? "" : "]"}`,
      );
    if (daemons.length > 0) yield* session.err(`WARNING: ignoring DaemonSet-managed Pods: ${listed(daemons)}\n`);
    const evicted = all.filter((pod) => !daemons.includes(pod));
    const end = host.world.engine.now + within;
    for (const pod of evicted) {
      const target = { mapping: pods, namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "" };
      yield* session.out(`evicting pod ${target.namespace}/${target.name}\n`);
      for (;;) {
        try {
          if (line.is("disable-eviction")) yield* session.request("DELETE", session.path(target));
          else
            yield* session.request("POST", session.path(target, "eviction"), {
              body: {
                apiVersion: "policy/v1",
                kind: "Eviction",
                metadata: { name: target.name, namespace: target.namespace },
              },
            });
          break;
        } catch (error) {
          if (!(error instanceof Refused)) throw error;
          if (error.reason === "NotFound") break;
          if (error.reason !== "TooManyRequests") throw error;
          yield* session.err(
            `error when evicting pods/${JSON.stringify(target.name)} -n ${JSON.stringify(target.namespace)} (will retry after 5s): ${stringAt(error.answer, "message") ?? ""}\n`,
          );
          if (host.world.engine.now >= end)
            throw failure(`drain did not complete within ${line.value("timeout") ?? "the time"}`);
          yield* host.sleep(s(5));
        }
      }
    }
    const left = new Set(evicted.map(({ metadata }) => metadata.uid ?? ""));
    while (left.size > 0) {
      for (const pod of evicted) {
        const uid = pod.metadata.uid ?? "";
        if (!left.has(uid)) continue;
        const target = { mapping: pods, namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "" };
        const there = yield* session.find(target);
        if (there?.metadata.uid === uid) continue;
        left.delete(uid);
        yield* session.out(`pod/${target.name} evicted\n`);
      }
      if (left.size > 0) yield* host.sleep(ms(500));
      if (host.world.engine.now >= end) throw failure("drain did not complete in time");
    }
    yield* session.out(`node/${name} drained\n`);
  }
  return 0;
}

/** `autoscale`. */
export function* autoscale(session: Session): Activity<number> {
  const { line } = session;
  line.required("max");
  const [min, max] = [Number(line.value("min") ?? -1), Number(line.value("max"))];
  if (max < 1) throw failure(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
  if (min > max) throw failure(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`);
  const mapping = yield* session.mapping("horizontalpodautoscalers.v1.autoscaling");
  return yield* eachOf(session, yield* session.targets(line.args), function* (target) {
    yield* session.get(target);
    const { group, version, kind } = target.mapping;
    const percent = Number(line.value("cpu-percent") ?? -1);
    const spec: Draft = {
      scaleTargetRef: { apiVersion: group === "" ? version : `${group}/${version}`, kind, name: target.name },
      maxReplicas: max,
      ...(min > 0 ? { minReplicas: min } : {}),
      ...(percent >= 0 ? { targetCPUUtilizationPercentage: percent } : {}),
    };
    const name = line.value("name") ?? target.name;
    const object = { apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscaler", metadata: { name }, spec };
    const made =
      session.dryRun === "client"
        ? object
        : yield* session.request("POST", session.path({ mapping, namespace: target.namespace, name: "" }), {
            body: object,
            query: dryQuery(session),
          });
    yield* printDone(session, mapping, made, "autoscaled");
  });
}

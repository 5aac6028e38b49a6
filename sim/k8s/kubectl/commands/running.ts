import { encodeUtf8, ms, s, Signal, type Activity } from "../../../core/index.js";
import type { StreamSession } from "../../apiserver/session.js";
import { commandQuery } from "../../cluster/session.js";
import { at, listAt, objectAt, show, stringAt, type JsonObject, type KubeObject } from "../../objects/value.js";
import { decodeUtf8 } from "../../objects/text.js";
import { parseQuantity } from "../../objects/quantity.js";
import { failure, KubectlFailure, Refused } from "../failure.js";
import { select } from "../jsonpath.js";
import { titleOf, type Session, type Target } from "../session.js";
import { columns } from "../text.js";
import { eachOf, timeoutOf, untilGone } from "./manifests.js";

/** The pod that a word names: itself, or the first of a workload's. */
function* podOf(session: Session, word: string): Activity<KubeObject> {
  const pods = yield* session.mapping("pods");
  const [type = "", name = ""] = word.includes("/") ? word.split("/") : ["pods", word];
  const mapping = yield* session.mapping(type);
  const object = yield* session.get({ mapping, namespace: session.namespace, name });
  if (mapping.kind === "Pod") return object;
  const labels =
    mapping.kind === "Service"
      ? objectAt(object, "spec", "selector")
      : objectAt(object, "spec", "selector", "matchLabels");
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${show(value)}`)
    .join(",");
  const [first] = yield* session.list(pods, session.namespace, { labelSelector });
  if (first === undefined) throw failure(`timed out waiting for the condition`);
  return first;
}

/** The container that is meant where none is named. */
function containerOf(pod: KubeObject, session: Session): string {
  const chosen = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  return session.line.value("container") ?? chosen ?? stringAt(listAt(pod, "spec", "containers")[0], "name") ?? "";
}

/** `logs`. */
export function* logs(session: Session): Activity<number> {
  const { line } = session;
  const [word] = line.args;
  if (word === undefined && !line.has("selector"))
    throw new KubectlFailure(
      "error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command\nSee 'kubectl logs -h' for help and examples",
    );
  const mapping = yield* session.mapping("pods");
  const pods =
    word !== undefined
      ? [yield* podOf(session, word)]
      : yield* session.list(mapping, session.namespace, { labelSelector: line.value("selector") ?? "" });
  const of = (pod: KubeObject): readonly string[] =>
    line.is("all-containers")
      ? [...listAt(pod, "spec", "initContainers"), ...listAt(pod, "spec", "containers")].flatMap(
          (each) => stringAt(each, "name") ?? [],
        )
      : [line.value("container") ?? line.args[1] ?? ""];
  const chosen = pods.flatMap((pod) => of(pod).map((container) => ({ pod, container })));
  return yield* eachOf(session, chosen, function* ({ pod, container }) {
    const query = {
      ...(container === "" ? {} : { container }),
      ...(line.is("previous") ? { previous: "true" } : {}),
      ...(line.is("timestamps") ? { timestamps: "true" } : {}),
      ...(line.has("tail") && line.value("tail") !== "-1"
        ? { tailLines: line.value("tail") ?? "" }
        : line.has("selector") && !line.has("tail")
          ? { tailLines: "10" }
          : {}),
      ...(line.has("since") ? { sinceSeconds: String(timeoutOf(line.value("since"), s(0)) / 1e9) } : {}),
      ...(line.has("since-time") ? { sinceTime: line.value("since-time") ?? "" } : {}),
      ...(line.has("limit-bytes") ? { limitBytes: line.value("limit-bytes") ?? "" } : {}),
    };
    const target = { mapping, namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "" };
    const prefix = line.is("prefix")
      ? `[pod/${target.name}/${container === "" ? containerOf(pod, session) : container}] `
      : "";
    let printed = 0;
    for (;;) {
      const answer = yield* session.ask({ method: "GET", path: session.path(target, "log"), query });
      if (answer.status >= 400) throw new Refused(answer.stream === undefined ? answer.object : undefined);
      const text = answer.stream === undefined ? decodeUtf8(answer.body()) : "";
      const fresh = text.slice(printed);
      printed = text.length;
      yield* session.out(prefix === "" ? fresh : fresh.replace(/^(?=.)/gm, prefix));
      if (!line.is("follow")) return;
      // What a container says later is heard until it has ended, or nothing goes on in the world any more.
      const now = yield* session.find(target);
      const state = [
        ...listAt(now, "status", "containerStatuses"),
        ...listAt(now, "status", "initContainerStatuses"),
      ].find((each) => stringAt(each, "name") === (container === "" ? containerOf(pod, session) : container));
      if (now === undefined || at(state, "state", "running") === undefined) return;
      yield* session.host.sleep(ms(200));
    }
  });
}

/** `exec`. */
export function* exec(session: Session): Activity<number> {
  const { line } = session;
  const [word, ...rest] = line.args;
  const command = line.beforeDash < line.args.length ? line.args.slice(line.beforeDash) : rest;
  if (word === undefined) throw new KubectlFailure("error: pod, type/name or --filename must be specified");
  if (command.length === 0) throw new KubectlFailure("error: you must specify at least one command for the container");
  if (line.beforeDash === line.args.length)
    yield* session.err(
      "kubectl exec [POD] [COMMAND] is DEPRECATED and will be removed in a future version. Use kubectl exec [POD] -- [COMMAND] instead.\n",
    );
  const pod = yield* podOf(session, word);
  const phase = stringAt(pod, "status", "phase") ?? "";
  if (phase === "Succeeded" || phase === "Failed")
    throw failure(`cannot exec into a container in a completed pod; current phase is ${phase}`);
  const several = listAt(pod, "spec", "containers").length > 1 && !line.has("container");
  if (several)
    yield* session.err(
      `Defaulted container "${containerOf(pod, session)}" out of: ${listAt(pod, "spec", "containers")
        .map((each) => stringAt(each, "name") ?? "")
        .join(", ")}\n`,
    );
  const stdin = line.is("stdin");
  const mapping = yield* session.mapping("pods");
  const target = { mapping, namespace: session.namespace, name: pod.metadata.name ?? "" };
  let made: StreamSession | undefined;
  const answer = yield* session.ask({
    method: "POST",
    path: session.path(target, "exec"),
    query: `${commandQuery(command)}&stdin=${String(stdin)}&stdout=true&stderr=${String(!line.is("tty"))}&tty=${String(line.is("tty"))}&container=${containerOf(pod, session)}`,
    connect: (opened) => {
      made = opened;
    },
  });
  const opened = made;
  if (opened?.kind !== "process") {
    if (answer.stream === undefined && answer.status >= 400) throw new Refused(answer.object);
    throw failure("unable to upgrade connection");
  }
  const printed: { readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }[] = [];
  const ended = new Signal<JsonObject>("kubectl exec");
  const input = opened.start({
    output: (stream, bytes) => {
      printed.push({ stream, bytes });
    },
    end: (status) => {
      ended.fire(status);
    },
  });
  if (stdin) input.input(encodeUtf8(yield* session.host.stdin()));
  input.closeInput();
  while (!ended.settled) yield* session.host.sleep(ms(5));
  for (const { stream, bytes } of printed) yield* session.host.print(stream, decodeUtf8(bytes));
  const status = ended.value;
  if (status["status"] === "Success") return 0;
  const code = listAt(status, "details", "causes").find((cause) => stringAt(cause, "reason") === "ExitCode");
  if (code === undefined) throw failure(stringAt(status, "message") ?? "the command could not be run");
  const exit = stringAt(code, "message") ?? "1";
  throw new KubectlFailure(`command terminated with exit code ${exit}`, Number(exit));
}

/** `wait`: for a condition, a value, or an end. */
export function* wait(session: Session): Activity<number> {
  const { line } = session;
  const wanted = line.value("for") ?? "";
  const within = timeoutOf(line.value("timeout"), s(30));
  const [, type = "", value = "true"] = /^condition=([^=]+)(?:=(.*))?$/.exec(wanted) ?? [];
  const [, path = "", text = ""] = /^jsonpath=['"]?(\{.*?\})['"]?=(.*)$/.exec(wanted) ?? [];
  if (wanted !== "delete" && type === "" && path === "")
    throw failure(`unrecognized condition: ${JSON.stringify(wanted)}`);
  const targets = yield* session.targets(line.args, { all: line.is("all") });
  if (targets.length === 0) throw failure("no matching resources found");
  const end = session.host.world.engine.now + within;
  const holds = (object: KubeObject): boolean =>
    path !== ""
      ? select(path.slice(1, -1), object).some((found) => show(found) === text)
      : listAt(object, "status", "conditions").some(
          (each) =>
            stringAt(each, "type")?.toLowerCase() === type.toLowerCase() &&
            stringAt(each, "status")?.toLowerCase() === value.toLowerCase(),
        );
  return yield* eachOf(session, targets, function* (target: Target) {
    if (wanted === "delete") {
      const there = yield* session.find(target);
      if (there !== undefined) yield* untilGone(session, target, there.metadata.uid, within);
    } else {
      while (!holds(yield* session.get(target))) {
        if (session.host.world.engine.now >= end)
          throw failure(`timed out waiting for the condition on ${target.mapping.plural}/${target.name}`);
        yield* session.host.sleep(ms(100));
      }
    }
    yield* session.out(`${titleOf(target.mapping)}/${target.name} condition met\n`);
  });
}

/** `top`: what metrics.k8s.io has. */
export function* top(session: Session): Activity<number> {
  const { line } = session;
  const nodes = /^no(des?)?$/.test(line.args[0] ?? "");
  if (!nodes && !/^po(ds?)?$/.test(line.args[0] ?? "")) throw failure("top takes pod or node");
  const group = (yield* session.mappings()).filter((each) => each.group === "metrics.k8s.io");
  const mapping = group.find(({ plural }) => plural === (nodes ? "nodes" : "pods"));
  if (mapping === undefined) throw failure("Metrics API not available");
  const namespace = nodes || line.is("all-namespaces") ? "" : session.namespace;
  const found = yield* session.list(mapping, namespace);
  const chosen = found.filter(({ metadata }) => line.args[1] === undefined || metadata.name === line.args[1]);
  const sum = (object: KubeObject, what: string): bigint =>
    [objectAt(object, "usage"), ...listAt(object, "containers").map((each) => objectAt(each, "usage"))].reduce(
      (total, usage) => total + (parseQuantity(stringAt(usage, what) ?? "0") ?? 0n),
      0n,
    );
  const rows = chosen.map((object) => [
    ...(line.is("all-namespaces") ? [object.metadata.namespace ?? ""] : []),
    object.metadata.name ?? "",
    `${(sum(object, "cpu") + 999_999n) / 1_000_000n}m`,
    `${sum(object, "memory") / 1_000_000_000n / 1_048_576n}Mi`,
  ]);
  yield* session.out(
    columns([[...(line.is("all-namespaces") ? ["NAMESPACE"] : []), "NAME", "CPU(cores)", "MEMORY(bytes)"], ...rows]),
  );
  return 0;
}

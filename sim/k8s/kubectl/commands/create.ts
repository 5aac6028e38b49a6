import type { Activity } from "../../../core/index.js";
import { listAt, objectAt, stringAt, type Json, type JsonObject } from "../../objects/value.js";
import { failure, KubectlFailure, Refused, usage } from "../failure.js";
import { printDone } from "../printing.js";
import type { Session } from "../session.js";
import { generators, pairs, shorts, type Made } from "./generators.js";
import { createFiles, dryQuery } from "./manifests.js";

/** `create`: files, or a generator. */
export function* create(session: Session): Activity<number> {
  const { line } = session;
  if (line.has("filename")) return yield* createFiles(session);
  const [first = "", second = "", third = ""] = line.args;
  const type = shorts[first] ?? (first === "svc" ? "service" : first);
  const nested = type === "service" || type === "secret";
  const generator = generators[nested ? `${type} ${second}` : type];
  if (generator === undefined)
    throw first === ""
      ? failure("must specify one of -f and -k")
      : new KubectlFailure(
          `Error: must specify one of -f and -k\n\n${nested ? `create ${type} takes one of its kinds` : `unknown command "${first}"`}\nSee 'kubectl create --help' for usage.`,
        );
  const name = nested ? third : second;
  if (name === "" || (line.args.length > (nested ? 3 : 2) && line.beforeDash > (nested ? 3 : 2)))
    throw new KubectlFailure(
      `error: exactly one NAME is required, got ${name === "" ? 0 : line.beforeDash - (nested ? 2 : 1)}\nSee 'kubectl create ${nested ? `${type} ${second}` : type} -h' for help and examples`,
    );
  yield* post(session, yield* generator(line, name, session), `failed to create ${type}`);
  return 0;
}

function* post(session: Session, { kind, object }: Made, failing?: string): Activity<void> {
  const mapping = yield* session.mapping(kind);
  const namespace = mapping.namespaced ? session.namespace : "";
  const { version, group } = mapping;
  const { metadata, ...rest } = object;
  const whole: JsonObject = {
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind: mapping.kind,
    metadata: {
      ...(metadata as JsonObject),
      ...(namespace !== "" && session.line.has("namespace") ? { namespace } : {}),
    },
    ...rest,
  };
  if (session.dryRun === "client") {
    yield* printDone(session, mapping, whole, "created");
    return;
  }
  const path = session.path({ mapping, namespace, name: "" });
  let made: JsonObject;
  try {
    made = yield* session.request("POST", path, {
      body: whole,
      query: { fieldManager: "kubectl-create", ...dryQuery(session) },
    });
  } catch (error) {
    // Generators of later kinds word it so, the others as any request.
    if (failing !== undefined && error instanceof Refused && error.reason !== "Invalid")
      throw failure(`${failing}: ${stringAt(error.answer, "message") ?? ""}`);
    throw error;
  }
  yield* printDone(session, mapping, made, "created");
}

/** `run`: one pod. */
export function* run(session: Session): Activity<number> {
  const { line } = session;
  line.required("image");
  const [name = ""] = line.args;
  if (name === "" || line.beforeDash === 0) throw failure("NAME is required for run");
  const words = line.args.slice(1);
  const container = {
    name,
    image: line.value("image") ?? "",
    ...(words.length === 0 ? {} : line.is("command") ? { command: words } : { args: words }),
    ...(line.has("env")
      ? {
          env: line.all("env").map((word): Json => ({
            name: word.slice(0, word.indexOf("=")),
            value: word.slice(word.indexOf("=") + 1),
          })),
        }
      : {}),
    ...(line.has("port") ? { ports: [{ containerPort: Number(line.value("port")) }] } : {}),
    ...(line.is("stdin") ? { stdin: true, stdinOnce: true } : {}),
    ...(line.is("tty") ? { tty: true } : {}),
    ...(line.has("image-pull-policy") ? { imagePullPolicy: line.value("image-pull-policy") } : {}),
    ...(line.is("privileged") ? { securityContext: { privileged: true } } : {}),
    resources: {},
  };
  const labels = line.has("labels") ? pairs(line.all("labels")) : { run: name };
  const account = line.value("serviceaccount");
  const spec = {
    containers: [container],
    restartPolicy: line.value("restart") ?? "Always",
    dnsPolicy: "ClusterFirst",
    ...(account === undefined ? {} : { serviceAccountName: account }),
  };
  yield* post(session, {
    kind: "pods",
    object: {
      metadata: { name, labels, ...(line.has("annotations") ? { annotations: pairs(line.all("annotations")) } : {}) },
      spec,
    },
  });
  if (!line.is("expose")) return 0;
  if (!line.has("port")) throw usage("--port must be set when exposing a service", "run");
  const port = Number(line.value("port"));
  yield* post(session, {
    kind: "services",
    object: { metadata: { name }, spec: { selector: labels, ports: [{ port, protocol: "TCP", targetPort: port }] } },
  });
  return 0;
}

/** `expose`: a service in front of what selects pods. */
export function* expose(session: Session): Activity<number> {
  const { line } = session;
  const services = yield* session.mapping("services");
  for (const target of yield* session.targets(line.args)) {
    const object = yield* session.get(target);
    const { kind } = target.mapping;
    const found =
      kind === "Pod"
        ? objectAt(object, "metadata", "labels")
        : kind === "Service" || kind === "ReplicationController"
          ? objectAt(object, "spec", "selector")
          : objectAt(object, "spec", "selector", "matchLabels");
    const selector = line.has("selector") ? pairs(line.all("selector")) : found;
    if (!["Pod", "Service", "ReplicationController", "Deployment", "ReplicaSet"].includes(kind))
      throw failure(`cannot expose a ${kind}.${target.mapping.group}`);
    if (Object.keys(selector).length === 0)
      throw failure(
        "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed",
      );
    const containers = listAt(object, ...(kind === "Pod" ? ["spec"] : ["spec", "template", "spec"]), "containers");
    const own = containers.flatMap((container) => listAt(container, "ports"));
    const protocol = line.value("protocol") ?? "TCP";
    const wanted = line.value("target-port");
    const targetPort = (port: number): Json =>
      wanted === undefined ? port : /^\d+$/.test(wanted) ? Number(wanted) : wanted;
    const given = line.has("port")
      ? [Number(line.value("port"))]
      : own.map((each) => Number(objectAt(each)["containerPort"]));
    if (given.length === 0)
      throw failure(
        "couldn't find port via --port flag or introspection\nSee 'kubectl expose -h' for help and examples",
      );
    const ports = given.map((port, i): Json => ({
      port,
      protocol: stringAt(line.has("port") ? undefined : own[i], "protocol") ?? protocol,
      targetPort: targetPort(port),
      ...(given.length > 1 ? { name: `port-${i + 1}` } : {}),
    }));
    const name = line.value("name") ?? target.name;
    const type = line.value("type");
    const labels = line.has("labels") ? pairs(line.all("labels")) : objectAt(object, "metadata", "labels");
    const clusterIP = line.value("cluster-ip");
    const spec = {
      selector,
      ports,
      ...(type === undefined ? {} : { type }),
      ...(clusterIP === undefined ? {} : { clusterIP }),
      ...(line.has("external-ip") ? { externalIPs: [line.value("external-ip") ?? ""] } : {}),
      ...(line.has("load-balancer-ip") ? { loadBalancerIP: line.value("load-balancer-ip") ?? "" } : {}),
      ...(line.has("session-affinity") ? { sessionAffinity: line.value("session-affinity") ?? "" } : {}),
    };
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, ...(Object.keys(labels).length === 0 ? {} : { labels }) },
      spec,
    };
    const made =
      session.dryRun === "client"
        ? service
        : yield* session.request("POST", session.path({ mapping: services, namespace: target.namespace, name: "" }), {
            body: service,
            query: { fieldManager: "kubectl-expose", ...dryQuery(session) },
          });
    yield* printDone(session, services, made, "exposed");
  }
  return 0;
}

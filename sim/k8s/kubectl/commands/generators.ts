import { encodeBase64, encodeUtf8, type Activity } from "../../../core/index.js";
import { objectAt, type Json, type JsonObject } from "../../objects/value.js";
import { failure } from "../failure.js";
import type { CommandLine } from "../flags.js";
import type { Session } from "../session.js";

/** What a generator makes: an object, and the kind that it is of. */
export interface Made {
  readonly kind: string;
  readonly object: JsonObject;
}

type Generator = (line: CommandLine, name: string, session: Session) => Activity<Made>;

export const pairs = (words: readonly string[], separator = "="): Record<string, string> =>
  Object.fromEntries(
    words
      .flatMap((word) => word.split(","))
      .map((word) => [word.slice(0, word.indexOf(separator)), word.slice(word.indexOf(separator) + 1)]),
  );

const lists = (line: CommandLine, name: string): readonly string[] => line.all(name).flatMap((each) => each.split(","));

/** The name of an image's container: the last part, without tag. */
const containerName = (image: string): string =>
  image
    .replace(/^.*\//, "")
    .replace(/[:@].*$/, "")
    .replace(/[^-a-z0-9]/g, "-");

function template(line: CommandLine, name: string, restartPolicy: string): JsonObject {
  const command = line.args.slice(line.beforeDash);
  const container = {
    name,
    image: line.value("image") ?? "",
    ...(command.length === 0 ? {} : { command }),
    resources: {},
  };
  return { metadata: {}, spec: { containers: [container], restartPolicy } };
}

/** The data of configMaps and secrets: literals, files, lines of files. */
function* dataOf(session: Session): Activity<Record<string, string>> {
  const { line } = session;
  const data: Record<string, string> = {};
  for (const word of line.all("from-literal")) {
    const at = word.indexOf("=");
    if (at < 0) throw failure(`invalid literal source ${word}, expected key=value`);
    data[word.slice(0, at)] = word.slice(at + 1).replace(/^(["'])(.*)\1$/s, "$2");
  }
  const read = function* (path: string): Activity<string> {
    const text = yield* session.host.read(path);
    if (text === undefined) throw failure(`error reading ${path}: no such file or directory`);
    return text;
  };
  for (const word of line.all("from-file")) {
    const [key = "", path = key] = word.includes("=") ? word.split("=", 2) : [word.replace(/^.*\//, ""), word];
    data[key] = yield* read(path);
  }
  for (const path of line.all("from-env-file"))
    for (const row of (yield* read(path)).split("\n")) {
      const [, key = "", value = ""] = /^\s*([^#=\s][^=]*)=(.*)$/.exec(row) ?? [];
      if (key !== "") data[key] = value;
    }
  return data;
}

const base64 = (text: string): string => encodeBase64(encodeUtf8(text));

/** `80`, `80:8080`, `https=443:8443`: ports of `create service`. */
const servicePort = (word: string): JsonObject => {
  const [port = "", target = port] = word.split(":");
  return {
    name: word.replace(":", "-"),
    port: Number(port),
    protocol: "TCP",
    targetPort: /^\d+$/.test(target) ? Number(target) : target,
  };
};

function serviceOf(type: string): Generator {
  return function* (line, name) {
    const external = line.value("external-name");
    const nodePort = Number(line.value("node-port") ?? 0);
    const ports = lists(line, "tcp")
      .map(servicePort)
      .map((port) => (nodePort === 0 ? port : { ...port, nodePort }));
    if (type === "ExternalName") line.required("external-name");
    else if (ports.length === 0 && line.value("clusterip") !== "None")
      throw failure("at least one tcp port specifier must be provided");
    const clusterIP = line.value("clusterip");
    const spec = {
      type,
      selector: { app: name },
      ...(ports.length === 0 ? {} : { ports }),
      ...(clusterIP === undefined ? {} : { clusterIP }),
      ...(external === undefined ? {} : { externalName: external }),
    };
    return { kind: "services", object: { metadata: { name, labels: { app: name } }, spec } };
  };
}

function* rulesOf(session: Session): Activity<readonly Json[]> {
  const { line } = session;
  const verbs = lists(line, "verb");
  const resources = lists(line, "resource");
  if (verbs.length === 0) throw failure("at least one verb must be specified");
  const urls = lists(line, "non-resource-url");
  if (resources.length === 0 && urls.length === 0) throw failure("at least one resource must be specified");
  const groups = new Map<string, string[]>();
  for (const word of resources) {
    const [type = "", sub] = word.split("/");
    const { plural, group } = yield* session.mapping(type);
    groups.set(group, [...(groups.get(group) ?? []), sub === undefined ? plural : `${plural}/${sub}`]);
  }
  const names = lists(line, "resource-name");
  const rules = [...groups].map(([group, plurals]): Json => ({
    apiGroups: [group],
    resources: plurals,
    ...(names.length === 0 ? {} : { resourceNames: names }),
    verbs,
  }));
  return urls.length === 0 ? rules : [...rules, { nonResourceURLs: urls, verbs }];
}

function bindingOf(kind: "rolebindings" | "clusterrolebindings"): Generator {
  return function* (line, name) {
    const [role, cluster] = [line.value("role"), line.value("clusterrole")];
    if (kind === "rolebindings" && (role === undefined) === (cluster === undefined))
      throw failure("exactly one of clusterrole or role must be specified");
    if (kind === "clusterrolebindings") line.required("clusterrole");
    const apiGroup = "rbac.authorization.k8s.io";
    const accounts = lists(line, "serviceaccount").map((word): Json => {
      const [namespace = "", account = ""] = word.split(":");
      if (account === "") throw failure("serviceaccount must be <namespace>:<name>");
      return { kind: "ServiceAccount", name: account, namespace };
    });
    const subjects = [
      ...lists(line, "user").map((user): Json => ({ apiGroup, kind: "User", name: user })),
      ...lists(line, "group").map((group): Json => ({ apiGroup, kind: "Group", name: group })),
      ...accounts,
    ];
    return {
      kind,
      object: {
        metadata: { name },
        roleRef: { apiGroup, kind: cluster === undefined ? "Role" : "ClusterRole", name: cluster ?? role ?? "" },
        subjects,
      },
    };
  };
}

/** By what stands behind `create`. */
export const generators: Readonly<Record<string, Generator>> = {
  *namespace(_, name) {
    return { kind: "namespaces", object: { metadata: { name } } };
  },
  *serviceaccount(_, name) {
    return { kind: "serviceaccounts", object: { metadata: { name } } };
  },
  *deployment(line, name) {
    line.required("image");
    const images = line.all("image");
    const command = line.args.slice(line.beforeDash);
    const port = line.value("port");
    const containers = images.map((image): Json => ({
      name: containerName(image),
      image,
      resources: {},
      ...(command.length === 0 ? {} : { command }),
      ...(port === undefined ? {} : { ports: [{ containerPort: Number(port) }] }),
    }));
    const labels = { app: name };
    return {
      kind: "deployments",
      object: {
        metadata: { name, labels },
        spec: {
          replicas: Number(line.value("replicas") ?? 1),
          selector: { matchLabels: labels },
          strategy: {},
          template: { metadata: { labels }, spec: { containers } },
        },
      },
    };
  },
  *configmap(_, name, session) {
    const data = yield* dataOf(session);
    return { kind: "configmaps", object: { metadata: { name }, ...(Object.keys(data).length === 0 ? {} : { data }) } };
  },
  *"secret generic"(line, name, session) {
    const data = Object.fromEntries(Object.entries(yield* dataOf(session)).map(([key, value]) => [key, base64(value)]));
    return {
      kind: "secrets",
      object: {
        metadata: { name },
        type: line.value("type") ?? "Opaque",
        ...(Object.keys(data).length === 0 ? {} : { data }),
      },
    };
  },
  *"secret docker-registry"(line, name) {
    line.required("docker-username", "docker-password");
    const [username = "", password = "", server = "https://index.docker.io/v1/"] = [
      "docker-username",
      "docker-password",
      "docker-server",
    ].map((each) => line.value(each));
    const config = {
      auths: {
        [server]: {
          username,
          password,
          ...(line.has("docker-email") ? { email: line.value("docker-email") } : {}),
          auth: base64(`${username}:${password}`),
        },
      },
    };
    return {
      kind: "secrets",
      object: {
        metadata: { name },
        type: "kubernetes.io/dockerconfigjson",
        data: { ".dockerconfigjson": base64(JSON.stringify(config)) },
      },
    };
  },
  *"secret tls"(line, name, session) {
    line.required("cert", "key");
    const data: Record<string, string> = {};
    for (const [key, flag] of [
      ["tls.crt", "cert"],
      ["tls.key", "key"],
    ] as const) {
      const text = yield* session.host.read(line.value(flag) ?? "");
      if (text === undefined) throw failure(`open ${line.value(flag) ?? ""}: no such file or directory`);
      data[key] = base64(text);
    }
    return { kind: "secrets", object: { metadata: { name }, type: "kubernetes.io/tls", data } };
  },
  *job(line, name, session) {
    const from = line.value("from");
    if (from === undefined) {
      line.required("image");
      return { kind: "jobs", object: { metadata: { name }, spec: { template: template(line, name, "Never") } } };
    }
    const [type = "", source = ""] = from.split("/");
    const mapping = yield* session.mapping(type);
    if (mapping.kind !== "CronJob") throw failure(`from must be an existing cronjob`);
    const cron = yield* session.get({ mapping, namespace: session.namespace, name: source });
    const inner = objectAt(cron, "spec", "jobTemplate");
    const annotations = {
      ...objectAt(inner, "metadata", "annotations"),
      "cronjob.kubernetes.io/instantiate": "manual",
    };
    const owner = {
      apiVersion: "batch/v1",
      kind: "CronJob",
      name: source,
      uid: cron.metadata.uid ?? "",
      controller: true,
    };
    return {
      kind: "jobs",
      object: {
        metadata: { name, annotations, labels: objectAt(inner, "metadata", "labels"), ownerReferences: [owner] },
        spec: objectAt(inner, "spec"),
      },
    };
  },
  *cronjob(line, name) {
    line.required("image", "schedule");
    const spec = {
      schedule: line.value("schedule") ?? "",
      jobTemplate: {
        metadata: { name },
        spec: { template: template(line, name, line.value("restart") ?? "OnFailure") },
      },
    };
    return { kind: "cronjobs", object: { metadata: { name }, spec } };
  },
  *quota(line, name) {
    const scopes = lists(line, "scopes");
    return {
      kind: "resourcequotas",
      object: {
        metadata: { name },
        spec: {
          ...(line.has("hard") ? { hard: pairs(line.all("hard")) } : {}),
          ...(scopes.length === 0 ? {} : { scopes }),
        },
      },
    };
  },
  *poddisruptionbudget(line, name) {
    line.required("selector");
    const amount = (flag: string): Json | undefined => {
      const value = line.value(flag);
      return value === undefined ? undefined : /^\d+$/.test(value) ? Number(value) : value;
    };
    const [least, most] = [amount("min-available"), amount("max-unavailable")];
    if ((least === undefined) === (most === undefined))
      throw failure("one of min-available or max-unavailable must be specified");
    const spec = {
      selector: { matchLabels: pairs(line.all("selector")) },
      ...(least === undefined ? { maxUnavailable: most } : { minAvailable: least }),
    };
    return { kind: "poddisruptionbudgets", object: { metadata: { name }, spec } };
  },
  *priorityclass(line, name) {
    const description = line.value("description") ?? "";
    return {
      kind: "priorityclasses",
      object: {
        metadata: { name },
        value: Number(line.value("value") ?? 0),
        globalDefault: line.is("global-default"),
        description,
        preemptionPolicy: line.value("preemption-policy") ?? "PreemptLowerPriority",
      },
    };
  },
  *role(_, name, session) {
    return { kind: "roles", object: { metadata: { name }, rules: yield* rulesOf(session) } };
  },
  *clusterrole(line, name, session) {
    if (!line.has("aggregation-rule"))
      return { kind: "clusterroles", object: { metadata: { name }, rules: yield* rulesOf(session) } };
    return {
      kind: "clusterroles",
      object: {
        metadata: { name },
        rules: [],
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: pairs(line.all("aggregation-rule")) }] },
      },
    };
  },
  rolebinding: bindingOf("rolebindings"),
  clusterrolebinding: bindingOf("clusterrolebindings"),
  "service clusterip": serviceOf("ClusterIP"),
  "service nodeport": serviceOf("NodePort"),
  "service loadbalancer": serviceOf("LoadBalancer"),
  "service externalname": serviceOf("ExternalName"),
  *ingress(line, name) {
    const rules = line.all("rule").map((word): Json => {
      const [, host = "", path = "", star, service = "", port = ""] =
        /^([^/=]*)(\/[^=*]*)?(\*)?=([^:]+):([^,]+)/.exec(word) ?? [];
      if (service === "")
        throw failure(`rule ${word} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
      const target = { name: service, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } };
      return {
        ...(host === "" ? {} : { host }),
        http: {
          paths: [
            {
              path: path === "" ? "/" : path,
              pathType: star === undefined ? "Exact" : "Prefix",
              backend: { service: target },
            },
          ],
        },
      };
    });
    const ingressClassName = line.value("class");
    return {
      kind: "ingresses",
      object: { metadata: { name }, spec: { ...(ingressClassName === undefined ? {} : { ingressClassName }), rules } },
    };
  },
};

export const shorts: Readonly<Record<string, string>> = {
  ns: "namespace",
  sa: "serviceaccount",
  deploy: "deployment",
  cm: "configmap",
  cj: "cronjob",
  pdb: "poddisruptionbudget",
  pc: "priorityclass",
  ing: "ingress",
  resourcequota: "quota",
};

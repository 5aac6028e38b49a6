import {
  createWorld,
  invariant,
  minutes,
  s,
  type Activity,
  type Cancel,
  type Signal,
  type World,
} from "../../core/index.js";
import type { AdmissionPlugin } from "../admission/admission.js";
import { defaultAdmission } from "../admission/chain.js";
import { Etcd } from "../etcd/etcd.js";
import { metricsKinds, type Resource } from "../objects/kinds.js";
import { parseBody } from "./body.js";
import { impersonated } from "./auth/impersonation.js";
import { Authorizer, refusal, type Attempt, type Decision, type RoleView } from "./auth/rbac.js";
import { requestToken, review, type Authority } from "./auth/reviews.js";
import { audience, isFor, Tokens, userOf } from "./auth/tokens.js";
import { initial } from "./bootstrap.js";
import { resourcesOf } from "./crd/definitions.js";
import { bind, connect, evict, finalize, metrics, scale, type MetricsSource } from "./subresources.js";
import { aggregated, apiGroupList, apiGroupOf, apiVersions, resourceList, versionInfo } from "./discovery.js";
import { create, patch, read, remove, removeAll, update, type Call, type Machinery } from "./handlers.js";
import { EtcdStorage } from "./etcd-storage.js";
import { mediaTypes, negotiate, type Form } from "./negotiation.js";
import type { NodeProxy } from "./node-proxy.js";
import { parseWriteOptions } from "./options.js";
import { encodeOpenApi } from "../objects/openapi-protobuf.js";
import { openApiV2, openApiV3, openApiV3Index } from "../objects/openapi.js";
import { decodeAs, type Writer } from "./decoding.js";
import { Registry } from "./registry.js";
import { requestInfo } from "./request-info.js";
import { json, parseQuery, plain, type ApiRequest, type ApiResponse, type ApiStream, type User } from "./request.js";
import { stringAt, type JsonObject } from "../objects/value.js";
import { pathOf } from "../client/address.js";
import { Served } from "./served.js";
import { ApiError, forbidden, internal, methodNotAllowed, noPath, notAcceptable, unauthorized } from "./status.js";
import { asked } from "./asking.js";
import type { Storage } from "./storage.js";
import { noWork, type ApiWork } from "./work.js";

export interface ApiServerOptions {
  readonly world?: World;
  /** Where objects are kept: `EtcdStorage`. Without one, an etcd server of its own. */
  readonly storage?: Storage;
  readonly admission?: readonly AdmissionPlugin[];
  /** The way to the kubelets: logs, exec, attach, port-forward. Without one these are answered 503. */
  readonly nodeProxy?: NodeProxy;
  /** What metrics.k8s.io serves; without one the group isn't there. */
  readonly metrics?: MetricsSource;
  /** `RBAC`, or `AlwaysAllow`, the default, where whoever asks may do all. */
  readonly authorization?: "RBAC" | "AlwaysAllow";
  /** Static tokens and whose they are, beside those of service accounts (`--token-auth-file`). */
  readonly tokens?: Readonly<Record<string, User>>;
  /** Whether the objects of a new cluster are made: namespaces, roles, priority classes. Default true. */
  readonly bootstrap?: boolean;
}

/** The past is kept for one to two of these (`--etcd-compaction-interval`). */
const compactionInterval = minutes(5);

/** Whom nothing is forbidden; who asks from inside the control plane. */
const master: User = { name: "system:apiserver", groups: ["system:masters", "system:authenticated"] };

/**
 * kube-apiserver of Kubernetes 1.32: the REST API over a store. A request is answered at once, in virtual time as in the call;
 * streams tell what the simulation brings about.
 */
export class ApiServer {
  readonly #machinery: Machinery;
  readonly work: ApiWork = noWork();
  #document: { readonly of: number; readonly json: JsonObject; bytes: Uint8Array | undefined } | undefined;

  /** Over a store that takes its time: fires when the objects of a new cluster are there. */
  readonly founded: Signal<void> | undefined;
  #stopped = false;
  #stopCompaction: () => void;
  readonly #authority: Authority;
  readonly #options: ApiServerOptions;

  constructor(options: ApiServerOptions = {}) {
    const { world = createWorld(), admission = defaultAdmission } = options;
    const storage: Storage = options.storage ?? new EtcdStorage(new Etcd({ world }));
    const rng = world.rng.stream("kube-apiserver");
    const served = new Served(options.metrics === undefined ? [] : metricsKinds);
    const registry = new Registry({ engine: world.engine, rng, storage, admission }, (plural) => served.named(plural));
    registry.resourceAt = (group, version, plural) => served.at(group, version, plural);
    this.#machinery = { engine: world.engine, rng, served, registry, work: this.work };
    this.#options = options;
    const named = (plural: string): Resource => {
      const resource = served.named(plural);
      invariant(resource !== undefined, `no resource ${plural}`);
      return resource;
    };
    let changes = 0;
    const changed = {
      trigger: undefined,
      change: (): void => {
        changes++;
      },
    };
    for (const plural of ["roles", "rolebindings", "clusterroles", "clusterrolebindings"])
      registry.collection(named(plural)).follow(changed);
    const view: RoleView = {
      version: () => changes,
      find: (plural, namespace, name) => registry.find(named(plural), namespace, name),
      list: (plural, namespace) => registry.collection(named(plural)).under(registry.prefix(named(plural), namespace)),
    };
    const authorizer = new Authorizer(view);
    const free = { allowed: true, reason: "" };
    const decide = (user: User, attempt: Attempt): Decision =>
      options.authorization === "RBAC" ? authorizer.decide(user, attempt) : free;
    this.#authority = { view, tokens: new Tokens(rng.stream("tokens")), decide };
    const definitions = registry.collection(named("customresourcedefinitions"));
    const define = (): void => {
      served.define([...definitions.values()].flatMap(resourcesOf));
    };
    definitions.follow({ trigger: undefined, change: define });
    define();
    if (options.bootstrap !== false) {
      if (storage.begin === undefined) this.#bootstrap(named);
      else this.founded = world.engine.spawn(this.#found(), { name: "bootstrap of kube-apiserver" });
    }
    let compacted = storage.revision;
    const later = (): Cancel =>
      world.engine.after(compactionInterval, compact, { name: "etcd compaction", background: true });
    const compact = (): void => {
      const { revision } = storage;
      storage.compact(compacted);
      compacted = revision;
      this.#stopCompaction = later();
    };
    this.#stopCompaction = later();
  }

  /** Makes what a new cluster has. What is there already stays. */
  #bootstrap(named: (plural: string) => Resource): void {
    const { registry } = this.#machinery;
    const writer: Writer = {
      user: master,
      options: { dryRun: false, fieldValidation: "Strict", manager: "", force: undefined },
      warn: () => undefined,
    };
    for (const { plural, namespace, object } of initial) {
      const resource = named(plural);
      const name = stringAt(object, "metadata", "name") ?? "";
      if (registry.find(resource, namespace, name) !== undefined) continue;
      registry.create(resource, namespace, decodeAs(resource, object, writer), writer);
    }
  }

  /** The same by requests of its own, over a store that takes its time; what a store without a majority refuses is tried again. */
  *#found(): Activity<void> {
    const { engine, served } = this.#machinery;
    for (const { plural, namespace, object } of initial) {
      const resource = served.named(plural);
      if (resource === undefined) continue;
      const path = pathOf(resource, namespace);
      for (;;) {
        const { status } = yield* this.ask({ method: "POST", path, user: master, body: object });
        if (status < 500 || this.#stopped) break;
        yield* engine.delay(s(1), { background: true });
      }
    }
  }

  /** Ends the process: it keeps nothing but what the store has. */
  stop(): void {
    this.#stopped = true;
    this.#stopCompaction();
    this.#machinery.registry.stop();
  }

  /**
   * Answers a request as `handle`, and takes the time that the store takes: a write is answered when a majority of etcd's servers has
   * it, a read of the newest state when the server that is asked has heard from the leader.
   */
  ask(request: ApiRequest): Activity<ApiResponse | ApiStream> {
    return asked(this.#machinery.registry.storage, request, (each) => this.handle(each));
  }

  /** Answers a request. It never throws for what a client sends: that is answered with a Status. */
  handle(request: ApiRequest): ApiResponse | ApiStream {
    const warnings: string[] = [];
    try {
      const response = this.#route(request, (message) => warnings.push(message));
      if (warnings.length === 0) return response;
      const warning = warnings.map((message) => `299 - ${JSON.stringify(message)}`).join(", ");
      return { ...response, headers: { ...response.headers, warning } };
    } catch (error) {
      if (error instanceof ApiError) return json(error.code, error.status);
      if (error instanceof RangeError) {
        // A body nested deeper than the stack.
        return json(500, internal(error.message).status);
      }
      throw error;
    }
  }

  #route(request: ApiRequest, warn: (message: string) => void): ApiResponse | ApiStream {
    const { method, path, headers = {} } = request;
    const query = parseQuery(request.query);
    const form = negotiate(headers["accept"]);
    const user = impersonated(this.#user(request, headers), headers, this.#authority.decide);
    const watch = query["watch"] !== undefined && query["watch"] !== "false" && query["watch"] !== "0";
    const info = requestInfo(this.#machinery.served, method, path, watch);
    if (info === undefined) throw noPath();
    if (info === "method") throw methodNotAllowed();
    this.#authorize(user, info);
    if (info.of === "path") return this.#path(method, path, form);
    if (form === undefined) throw notAcceptable(mediaTypes);
    this.work.requests[info.verb]++;
    const options = parseWriteOptions(query, request.user === undefined ? headers["user-agent"] : undefined);
    const writer = { user, options, warn };
    const { of, verb, resource, namespace, name, subresource, rest } = info;
    return this.#resource({ of, verb, resource, namespace, name, subresource, rest, request, query, form, writer });
  }

  /** Authentication: who the request says it comes from, and whether that is so. */
  #user({ user }: ApiRequest, headers: NonNullable<ApiRequest["headers"]>): User {
    if (user !== undefined) return user;
    const { registry } = this.#machinery;
    const { tokens, view } = this.#authority;
    const [, token] = /^bearer\s+(\S+)\s*$/i.exec(headers["authorization"] ?? "") ?? [];
    if (token === undefined) return { name: "system:anonymous", groups: ["system:unauthenticated"] };
    const fixed = this.#options.tokens;
    if (fixed !== undefined && Object.hasOwn(fixed, token)) {
      const found = fixed[token];
      if (found !== undefined) return { ...found, groups: [...new Set([...found.groups, "system:authenticated"])] };
    }
    const claims = tokens.verify(token, registry.seconds);
    const found =
      claims === undefined || !isFor(claims, [audience])
        ? undefined
        : userOf(claims, (...where) => view.find(...where));
    if (found === undefined) throw unauthorized();
    return found;
  }

  #authorize(user: User, info: Exclude<ReturnType<typeof requestInfo>, undefined | "method">): void {
    const attempt: Attempt =
      info.of === "path"
        ? { verb: info.verb, group: "", resource: "", namespace: "", name: "", path: info.path }
        : {
            verb: info.verb,
            group: info.resource.group,
            resource: `${info.resource.plural}${info.subresource === "" ? "" : `/${info.subresource}`}`,
            namespace: info.namespace,
            name: info.name,
            path: "",
          };
    if (this.#authority.decide(user, attempt).allowed) return;
    const why = refusal(user, attempt);
    if (info.of === "path") throw new ApiError(403, "Forbidden", `forbidden: ${why}`, {});
    throw forbidden(info.resource, info.name, why);
  }

  #resource(call: Call): ApiResponse | ApiStream {
    const machinery = this.#machinery;
    const { subresource, resource, name, verb } = call;
    if (resource.group === "metrics.k8s.io") {
      const source = this.#options.metrics;
      if (source === undefined) throw noPath();
      return metrics(call, source);
    }
    if (resource.kind === "Binding") {
      return bind(machinery, call, stringAt(parseBody(call.request, resource), "metadata", "name") ?? "");
    }
    if (resource.virtual) return review(machinery, call, this.#authority);
    switch (subresource) {
      case "":
      case "status":
      case "ephemeralcontainers":
      case "resize":
        break;
      case "scale":
        return scale(machinery, call);
      case "binding":
        return bind(machinery, call, name);
      case "eviction":
        return evict(machinery, call);
      case "token":
        return requestToken(machinery, call, this.#authority);
      case "finalize":
        return finalize(machinery, call);
      case "log":
      case "exec":
      case "attach":
      case "portforward":
      case "proxy":
        return connect(machinery, call, this.#options.nodeProxy);
    }
    switch (verb) {
      case "get":
      case "list":
      case "watch":
        return read(machinery, call);
      case "create":
        return create(machinery, call);
      case "update":
        return update(machinery, call);
      case "patch":
        return patch(machinery, call);
      case "delete":
        return remove(machinery, call);
      case "deletecollection":
        return removeAll(machinery, call);
    }
  }

  #openApi(form: Form | undefined): ApiResponse {
    const { all } = this.#machinery.served;
    // Encoding takes a while, and clients ask again and again.
    if (this.#document?.of !== all.length) this.#document = { of: all.length, json: openApiV2(all), bytes: undefined };
    const { json: document } = this.#document;
    if (form?.type !== "protobuf-openapi") return json(200, document);
    this.#document.bytes ??= encodeOpenApi(document);
    return plain(200, this.#document.bytes, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  }

  #path(method: string, path: string, form: Form | undefined): ApiResponse {
    if (method !== "GET" && method !== "HEAD") throw methodNotAllowed();
    const { served } = this.#machinery;
    if (path === "/openapi/v2") return this.#openApi(form);
    if (path.startsWith("/openapi/v3/")) {
      const document = openApiV3(served.all, path.slice(12).replace(/\/$/, ""));
      if (document === undefined) throw noPath();
      return json(200, document);
    }
    if (path === "/openapi/v3")
      return json(
        200,
        openApiV3Index(served.all, (text) => text.replace(/\W/g, "").toUpperCase()),
      );
    const [, root = "", group = "", version = "", ...more] = path.replace(/\/$/, "").split("/");
    if (more.length > 0) throw noPath();
    const found = (object: ReturnType<typeof resourceList>): ApiResponse => {
      if (object === undefined) throw noPath();
      return json(200, object);
    };
    const style = form?.as === "APIGroupDiscoveryList" ? form.version : undefined;
    const grouped = (core: boolean): ApiResponse => {
      const type = `application/json;g=apidiscovery.k8s.io;v=${style ?? ""};as=APIGroupDiscoveryList`;
      return json(200, aggregated(served, core, `apidiscovery.k8s.io/${style ?? ""}`), { "content-type": type });
    };
    switch (root) {
      case "":
        return json(200, {
          paths: [
            "/api",
            "/api/v1",
            "/apis",
            ...served.groups().map(({ name }) => `/apis/${name}`),
            "/healthz",
            "/livez",
            "/openapi/v2",
            "/openapi/v3",
            "/readyz",
            "/version",
          ],
        });
      case "version":
        return json(200, versionInfo);
      case "healthz":
      case "livez":
      case "readyz":
        return plain(200, "ok");
      case "api":
        if (group === "") return style === undefined ? json(200, apiVersions("10.0.0.1:6443")) : grouped(true);
        return found(version === "" ? resourceList(served, "", group) : undefined);
      case "apis":
        if (group === "") return style === undefined ? json(200, apiGroupList(served)) : grouped(false);
        return found(version === "" ? apiGroupOf(served, group) : resourceList(served, group, version));
      default:
        throw noPath();
    }
  }
}

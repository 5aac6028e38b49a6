import { createWorld, type World } from "../../core/index.js";
import type { AdmissionPlugin } from "../admission/admission.js";
import { aggregated, apiGroupList, apiGroupOf, apiVersions, resourceList, versionInfo } from "./discovery.js";
import { create, patch, read, remove, removeAll, update, type Call, type Machinery } from "./handlers.js";
import { MemoryStorage } from "./memory-storage.js";
import { mediaTypes, negotiate, type Form } from "./negotiation.js";
import type { NodeProxy } from "./node-proxy.js";
import { parseWriteOptions } from "./options.js";
import { encodeOpenApi } from "../objects/openapi-protobuf.js";
import { openApiV2, openApiV3, openApiV3Index } from "../objects/openapi.js";
import { Registry } from "./registry.js";
import { requestInfo } from "./request-info.js";
import { json, parseQuery, plain, type ApiRequest, type ApiResponse, type ApiStream, type User } from "./request.js";
import type { JsonObject } from "../objects/value.js";
import { Served } from "./served.js";
import { ApiError, internal, methodNotAllowed, noPath, notAcceptable } from "./status.js";
import type { Storage } from "./storage.js";

export interface ApiServerOptions {
  readonly world?: World;
  /** Where objects are kept: etcd; without one, memory. */
  readonly storage?: Storage;
  readonly admission?: readonly AdmissionPlugin[];
  readonly nodeProxy?: NodeProxy;
}

/**
 * kube-apiserver of Kubernetes 1.32: the REST API over a store. A request is answered at once, in virtual time as in the call;
 * streams tell what the simulation brings about.
 */
export class ApiServer {
  readonly #machinery: Machinery;
  #document: { readonly of: number; readonly json: JsonObject; bytes: Uint8Array | undefined } | undefined;

  constructor(options: ApiServerOptions = {}) {
    const { world = createWorld(), storage = new MemoryStorage(), admission = [] } = options;
    const rng = world.rng.stream("kube-apiserver");
    const served = new Served();
    const registry = new Registry({ engine: world.engine, rng, storage, admission }, (plural) => served.named(plural));
    registry.resourceAt = (group, version, plural) => served.at(group, version, plural);
    this.#machinery = { engine: world.engine, rng, served, registry };
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
    const user = this.#user(request);
    const watch = query["watch"] !== undefined && query["watch"] !== "false" && query["watch"] !== "0";
    const info = requestInfo(this.#machinery.served, method, path, watch);
    if (info === undefined) throw noPath();
    if (info === "method") throw methodNotAllowed();
    if (info.of === "path") return this.#path(method, path, form);
    if (form === undefined) throw notAcceptable(mediaTypes);
    const options = parseWriteOptions(query, request.user === undefined ? headers["user-agent"] : undefined);
    const call: Call = { ...info, request, query, form, writer: { user, options, warn } };
    return this.#resource(call);
  }

  #user({ user }: ApiRequest): User {
    return user ?? { name: "system:anonymous", groups: ["system:unauthenticated"] };
  }

  #resource(call: Call): ApiResponse | ApiStream {
    switch (call.verb) {
      case "get":
      case "list":
      case "watch":
        return read(this.#machinery, call);
      case "create":
        return create(this.#machinery, call);
      case "update":
        return update(this.#machinery, call);
      case "patch":
        return patch(this.#machinery, call);
      case "delete":
        return remove(this.#machinery, call);
      case "deletecollection":
        return removeAll(this.#machinery, call);
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
    if (path === "/openapi/v3") return json(200, openApiV3Index(served.all, (text) => text.replace(/\W/g, "").toUpperCase()));
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
        return json(200, { paths: ["/api", "/api/v1", "/apis", ...served.groups().map(({ name }) => `/apis/${name}`), "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"] });
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

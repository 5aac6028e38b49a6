import {
  ethernet,
  HttpServer,
  NetworkNamespace,
  textResponse,
  type FrameLink,
  type HttpRequest,
  type HttpResponse,
} from "../../net/index.js";
import type { Activity, World } from "../../core/index.js";
import type { ApiEndpoint } from "../client/client.js";
import { apiAddress, apiPort } from "./addresses.js";

/**
 * Where processes of the simulation find the API server: a computer in the nodes' network, as a cluster's control plane is. Requests come
 * over TCP as HTTP. Simplified: without TLS, though addresses begin with https, and without answers that go on (watches, sessions).
 */
export class ApiListener {
  readonly #endpoint: ApiEndpoint;

  /** @param link its place in the nodes' network */
  constructor(world: World, link: FrameLink, endpoint: ApiEndpoint) {
    this.#endpoint = endpoint;
    const namespace = new NetworkNamespace(world, "control-plane");
    const card = namespace.addInterface(ethernet(world, "eth0"));
    card.plug(link);
    namespace.configure(card, `${apiAddress}/16`);
    new HttpServer(namespace, { port: apiPort, handler: (request) => this.#answer(request) });
  }

  *#answer({ method, path: target, headers, body }: HttpRequest): Activity<HttpResponse> {
    const [path = "/", query = ""] = target.split("?", 2);
    const request = { method, path, query, headers, ...(body.length === 0 ? {} : { body }) };
    const endpoint = this.#endpoint;
    const answer = endpoint.ask === undefined ? endpoint.handle(request) : yield* endpoint.ask(request);
    if (answer === undefined) return textResponse("the API server doesn't run\n", 503);
    if (answer.stream !== undefined) return textResponse("a watch needs a connection that goes on\n", 501);
    return { status: answer.status, headers: answer.headers, body: answer.body() };
  }
}

/** What the API server itself keeps of where it is (kubernetes, `pkg/controlplane/reconcilers`): the service `kubernetes` has no selector. */
export const apiEndpoints: string = `
apiVersion: v1
kind: Endpoints
metadata: {name: kubernetes, namespace: default, labels: {endpointslice.kubernetes.io/skip-mirror: "true"}}
subsets:
  - addresses: [{ip: ${apiAddress}}]
    ports: [{name: https, port: ${apiPort}, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
endpoints:
  - {addresses: [${apiAddress}], conditions: {ready: true}}
ports:
  - {name: https, port: ${apiPort}, protocol: TCP}
`;

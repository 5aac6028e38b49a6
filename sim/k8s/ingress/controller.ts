import { minutes, s, Signal, type Activity, type Nanos, type World } from "../../core/index.js";
import {
  attempt,
  Errno,
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  WNOHANG,
  type Program,
  type Sys,
} from "../../os/index.js";
import { decode, encode, readAll, writeAll } from "../../userland/index.js";
import { keyOf, type Kind } from "../client/address.js";
import { Client, type ApiEndpoint, type ObjectOf } from "../client/client.js";
import { EventRecorder } from "../client/event-recorder.js";
import { ApiFailure } from "../client/failure.js";
import { Informer, type InformerOptions } from "../client/informer.js";
import { LeaderElection } from "../client/leader-election.js";
import { equal, type Json } from "../objects/value.js";
import { nginxConfig } from "./nginx-config.js";
import { controllerName, ownIngresses, virtualServers } from "./routes.js";

const configPath = "/etc/nginx/nginx.conf";
const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/** Between two configurations: 0.3 a second (ingress-nginx, `--sync-rate-limit`). */
const syncPeriod: Nanos = s(10 / 3);
/** How often client-go reads its token anew (`transport/token_source.go`). */
const tokenPeriod: Nanos = minutes(1);

/**
 * An ingress controller, a program like ingress-nginx: it watches Ingresses, their classes, services and EndpointSlices as its service account,
 * writes what they say as nginx' configuration, and runs nginx, which takes requests and forwards them to pods. The replica that leads writes
 * where Ingresses are reached into their status. Words it knows: `--publish-service=NAMESPACE/NAME`, for the addresses of that service; without
 * it, those of the nodes on which its replicas are ready.
 *
 * Simplified: endpoints that change have nginx read its configuration anew, where ingress-nginx tells its Lua; TLS isn't spoken, so hosts of
 * `spec.tls` are served over HTTP, and an event says so; of the annotations none is known but the class'; the way to the API server is no
 * connection of the pod's network.
 */
export const ingressController = (world: World, endpoint: ApiEndpoint): Program<Sys> => ({
  name: "nginx-ingress-controller",
  memory: 40 * 2 ** 20,
  *main(sys, argv, env) {
    const value = (name: string): string =>
      env.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
    const self = { name: value("POD_NAME"), namespace: value("POD_NAMESPACE") };
    const publish = argv.find((each) => each.startsWith("--publish-service="))?.split("=")[1];
    const controller = new IngressController(sys, world, endpoint, { self, publish });
    try {
      return yield* controller.run();
    } finally {
      controller.stop();
    }
  },
});

interface Place {
  readonly self: { readonly name: string; readonly namespace: string };
  readonly publish: string | undefined;
}

type Ingress = ObjectOf<"ingresses">;

class IngressController {
  readonly #sys: Sys;
  readonly #place: Place;
  readonly #client: Client;
  readonly #ingresses: Informer<"ingresses">;
  readonly #classes: Informer<"ingressclasses">;
  readonly #services: Informer<"services">;
  readonly #slices: Informer<"endpointslices">;
  readonly #pods: Informer<"pods">;
  readonly #election: LeaderElection;
  readonly #events: EventRecorder;
  readonly #told = new Set<string>();
  readonly #informers: { readonly synced: Signal<void>; stop(): void }[] = [];
  #stopTimer: () => void = () => undefined;
  #wake = new Signal<void>("ingress changed");
  #dirty = true;
  #ended = false;
  #token = "";
  #config = "";
  #nginx = 0;

  constructor(sys: Sys, world: World, endpoint: ApiEndpoint, place: Place) {
    this.#sys = sys;
    this.#place = place;
    const { name, namespace } = place.self;
    // Who asks is found by the token that goes with each request.
    const user = { name: `system:serviceaccount:${namespace}:ingress-nginx`, groups: [] };
    const client = new Client({ world, user, endpoint: bearing(endpoint, () => this.#token) });
    this.#client = client;
    this.#events = new EventRecorder(client, "nginx-ingress-controller");
    this.#ingresses = this.#informer("ingresses");
    this.#classes = this.#informer("ingressclasses");
    this.#services = this.#informer("services");
    this.#slices = this.#informer("endpointslices");
    const labelSelector = "app.kubernetes.io/name=ingress-nginx";
    this.#pods = this.#informer("pods", { namespace, selection: { labelSelector } });
    const changed = (): void => {
      this.#change();
    };
    this.#election = new LeaderElection(client, {
      ...{ name: "ingress-nginx-leader", namespace, identity: name },
      ...{ started: changed, stopped: () => undefined },
    });
    const tick = (): void => {
      this.#change();
      this.#stopTimer = world.engine.after(tokenPeriod, tick, { name: "token", background: true });
    };
    tick();
  }

  #informer<K extends Kind>(kind: K, options?: InformerOptions): Informer<K> {
    const informer = new Informer(this.#client, kind, options);
    const changed = (): void => {
      this.#change();
    };
    informer.handle({ added: changed, updated: changed, deleted: changed });
    this.#informers.push(informer);
    return informer;
  }

  stop(): void {
    this.#stopTimer();
    this.#election.stop();
    for (const informer of this.#informers) informer.stop();
  }

  /** Until a signal, or nginx' end, ends it. */
  *run(): Activity<number> {
    const sys = this.#sys;
    for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const)
      yield* sys.rt_sigaction(
        signal,
        this.#hear(() => (this.#ended = true)),
      );
    yield* sys.rt_sigaction(
      "SIGCHLD",
      this.#hear(() => undefined),
    );
    yield* this.#readToken();
    yield* this.#configure(nginxConfig([{ host: "", routes: [] }]));
    this.#nginx = yield* sys.clone((child) => execNginx(child));
    for (;;) {
      if (!this.#ended && (yield* this.#nginxEnded())) {
        yield* this.#say("nginx has ended");
        return 1;
      }
      if (this.#ended) return yield* this.#quit();
      if (!this.#dirty) {
        this.#wake = new Signal("ingress changed");
        yield* this.#wake;
        continue;
      }
      this.#dirty = false;
      yield* this.#readToken();
      if (this.#informers.every(({ synced }) => synced.settled) && (yield* this.#sync()))
        yield* attempt(sys.nanosleep(syncPeriod));
    }
  }

  #hear(note: () => unknown): () => Activity<undefined> {
    const change = (): void => {
      note();
      if (!this.#wake.settled) this.#wake.fire();
    };
    return function* () {
      change();
      yield* [];
      return undefined;
    };
  }

  #change(): void {
    this.#dirty = true;
    if (!this.#wake.settled) this.#wake.fire();
  }

  /** @returns whether nginx reads another configuration now */
  *#sync(): Activity<boolean> {
    const known = {
      ingresses: [...this.#ingresses.store.values()],
      classes: [...this.#classes.store.values()],
      services: [...this.#services.store.values()],
      slices: [...this.#slices.store.values()],
    };
    const own = ownIngresses(known);
    for (const ingress of own) this.#tell(ingress);
    if (this.#election.leads) for (const ingress of own) yield* this.#publish(ingress);
    const config = nginxConfig(virtualServers(known));
    if (config === this.#config) return false;
    yield* this.#say("Configuration changes detected, backend reload required");
    yield* this.#configure(config);
    yield* attempt(this.#sys.kill(this.#nginx, "SIGHUP"));
    return true;
  }

  /** Says once of each Ingress that it is served, and what of it isn't. */
  #tell(ingress: Ingress): void {
    const { uid = "", generation = 0 } = ingress.metadata;
    const key = `${uid} ${generation}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#events.event(ingress, "Normal", "Sync", "Scheduled for sync");
    const hosts = (ingress.spec?.tls ?? []).flatMap((each) => each.hosts ?? []);
    if ((ingress.spec?.tls ?? []).length > 0)
      this.#events.event(
        ingress,
        "Warning",
        "NoTLS",
        `${controllerName} speaks no TLS here: ${hosts.length === 0 ? "its hosts are" : `${hosts.join(", ")} is`} served over HTTP alone`,
      );
  }

  /** Writes where an Ingress is reached. */
  *#publish(ingress: Ingress): Activity<undefined> {
    const addresses = this.#addresses();
    if (equal([...(ingress.status?.loadBalancer?.ingress ?? [])] as Json, addresses)) return undefined;
    const status = { loadBalancer: { ingress: addresses } };
    try {
      yield* this.#client.updateStatus("ingresses", { ...ingress, status } as Ingress);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      yield* this.#say(`error updating ingress rule: ${keyOf(ingress)}: ${error.message}`);
    }
    return undefined;
  }

  /** Of the service that is published (ingress-nginx, statusAddressFromService), else of the nodes of ready replicas. */
  #addresses(): Json[] {
    const { publish } = this.#place;
    if (publish === undefined) {
      const ready = [...this.#pods.store.values()].filter(
        ({ status }) =>
          status?.phase === "Running" &&
          status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true,
      );
      return [...new Set(ready.flatMap(({ status }) => status?.["hostIP"] ?? []))].sort().map((ip) => ({ ip }));
    }
    const service = this.#services.store.byKey(publish);
    if (service === undefined) return [];
    const { type, clusterIP = "", externalIPs = [] } = service.spec;
    const outside = (externalIPs as readonly string[]).map((ip) => ({ ip }));
    if (type === "LoadBalancer") return [...(service.status?.loadBalancer?.ingress ?? []), ...outside] as Json[];
    return type === "NodePort" && outside.length > 0 ? outside : [{ ip: clusterIP }];
  }

  *#configure(config: string): Activity<undefined> {
    const fd = yield* this.#sys.open(configPath, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
    yield* writeAll(this.#sys, fd, encode(config));
    yield* this.#sys.close(fd);
    this.#config = config;
    return undefined;
  }

  *#readToken(): Activity<undefined> {
    const fd = yield* attempt(this.#sys.open(tokenPath, O_RDONLY));
    if (fd instanceof Errno) return undefined;
    this.#token = decode(yield* readAll(this.#sys, fd)).trim();
    yield* this.#sys.close(fd);
    return undefined;
  }

  *#nginxEnded(): Activity<boolean> {
    const ended = yield* attempt(this.#sys.wait4(-1, WNOHANG));
    return !(ended instanceof Errno) && ended?.pid === this.#nginx;
  }

  /** Lets nginx answer the requests that it has, and takes no more. */
  *#quit(): Activity<number> {
    yield* this.#say("Shutting down the Ingress controller");
    yield* attempt(this.#sys.kill(this.#nginx, "SIGQUIT"));
    for (;;) {
      const ended = yield* attempt(this.#sys.wait4(this.#nginx));
      if (!(ended instanceof Errno && ended.code === "EINTR")) return 0;
    }
  }

  *#say(text: string): Activity<undefined> {
    yield* attempt(writeAll(this.#sys, 2, encode(`${text}\n`)));
    return undefined;
  }
}

function* execNginx(sys: Sys): Activity<number> {
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGCHLD"] as const) yield* sys.rt_sigaction(signal, "SIG_DFL");
  yield* sys.execve("/usr/bin/nginx", ["nginx", "-c", configPath], []);
  return 127;
}

/** The API server as one asks it who shows a token, and isn't known otherwise. */
function bearing(endpoint: ApiEndpoint, token: () => string): ApiEndpoint {
  type Asked = Parameters<ApiEndpoint["handle"]>[0];
  const signed = (request: Asked): Asked => ({
    ...request,
    user: undefined,
    headers: { ...request.headers, authorization: `Bearer ${token()}` },
  });
  const ask = endpoint.ask?.bind(endpoint);
  return {
    handle: (request) => endpoint.handle(signed(request)),
    ...(ask !== undefined && { ask: (request: Asked) => ask(signed(request)) }),
  };
}

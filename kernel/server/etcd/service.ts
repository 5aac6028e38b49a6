import {
  Server,
  ServerCredentials,
  status as grpcStatus,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ms, ns, UsageError, type Activity } from "../../../sim/core/index.js";
import { k8s } from "../../../sim/lab/index.js";
import * as messages from "./messages.js";
import { serveWatches } from "./watch-stream.js";

/** An etcd server that clients outside may come to. */
export interface ServedEtcd {
  readonly port: number;
  /** Ends all connections and gives the port back. */
  close(): Promise<void>;
}

type Handler = (request: unknown) => object | k8s.EtcdError;

const statusOf: Readonly<Record<k8s.StatusCode, grpcStatus>> = {
  InvalidArgument: grpcStatus.INVALID_ARGUMENT,
  DeadlineExceeded: grpcStatus.DEADLINE_EXCEEDED,
  NotFound: grpcStatus.NOT_FOUND,
  ResourceExhausted: grpcStatus.RESOURCE_EXHAUSTED,
  FailedPrecondition: grpcStatus.FAILED_PRECONDITION,
  OutOfRange: grpcStatus.OUT_OF_RANGE,
  Unavailable: grpcStatus.UNAVAILABLE,
};

/** Answers etcd's gRPC API. Each request runs the world until it is answered, and 20 ms more; in between, its time stands. */
class EtcdService {
  readonly #endpoint: k8s.EtcdEndpoint;

  constructor(endpoint: k8s.EtcdEndpoint) {
    this.#endpoint = endpoint;
  }

  #run<T>(activity: Activity<T>): T {
    const { engine } = this.#endpoint.world;
    const process = engine.spawn(activity, { name: "etcd request" });
    engine.run(process);
    return process.value;
  }

  /** Lets what a request has set off reach the other servers, whose watchers wait for it: 20 ms of virtual time. */
  settle(): void {
    const { engine } = this.#endpoint.world;
    engine.run(ns(engine.now + ms(20)));
  }

  header(revision?: number): object {
    const status = this.#endpoint.status();
    if (k8s.isEtcdError(status)) return {};
    const { clusterId, memberId, raftTerm } = status;
    return { clusterId, memberId, raftTerm, revision: revision ?? this.#revision() };
  }

  #revision(): number {
    const range = this.#run(this.#endpoint.range({ key: "\0", serializable: true, countOnly: true }));
    return k8s.isEtcdError(range) ? 0 : range.header.revision;
  }

  /** Runs what a request asks for, and makes an answer of what comes out. */
  #answer<T>(activity: Activity<T | k8s.EtcdError>, answer: (result: T) => object): object | k8s.EtcdError {
    const result = this.#run(activity);
    return k8s.isEtcdError(result) ? result : answer(result);
  }

  get handlers(): Readonly<Record<string, Handler>> {
    const etcd = this.#endpoint;
    const id = (request: unknown): number => (request as { readonly ID: number }).ID;
    const alarms = (held: readonly k8s.AlarmType[]): object => {
      const status = etcd.status();
      const memberID = k8s.isEtcdError(status) ? 0 : status.memberId;
      return { alarms: held.map((alarm) => ({ memberID, alarm: alarm === "NOSPACE" ? 1 : 2 })) };
    };
    return {
      Range: (request) => this.#answer(etcd.range(messages.rangeRequest(request)), messages.rangeResponse),
      Put: (request) => this.#answer(etcd.put(request as k8s.PutRequest), messages.putResponse),
      DeleteRange: (request) =>
        this.#answer(etcd.deleteRange(request as k8s.DeleteRangeRequest), messages.deleteRangeResponse),
      Txn: (request) => this.#answer(etcd.txn(messages.txnRequest(request)), messages.txnResponse),
      Compact: (request) =>
        this.#answer(etcd.compact((request as { readonly revision: number }).revision), (header) => ({ header })),
      LeaseGrant: (request) =>
        this.#answer(etcd.leaseGrant((request as { readonly TTL: number }).TTL, id(request)), (lease) => ({
          ID: lease.id,
          TTL: lease.ttl,
        })),
      LeaseRevoke: (request) => this.#answer(etcd.leaseRevoke(id(request)), (header) => ({ header })),
      LeaseTimeToLive: (request) =>
        this.#answer(etcd.leaseTimeToLive(id(request)), ({ id: ID, ttl: TTL, grantedTtl: grantedTTL, keys }) => ({
          ID,
          TTL,
          grantedTTL,
          keys: (request as { readonly keys: boolean }).keys ? keys.map(messages.bytes) : [],
        })),
      LeaseLeases: () => this.#answer(etcd.leases(), (ids) => ({ leases: ids.map((ID) => ({ ID })) })),
      MemberList: () =>
        this.#answer(etcd.members(), (members) => ({
          members: members.map(({ id: ID, name, peerUrls: peerURLs, clientUrls: clientURLs, isLearner }) => ({
            ID,
            name,
            peerURLs,
            clientURLs,
            isLearner,
          })),
        })),
      Alarm: (request) => {
        const { action, alarm } = request as { readonly action: string; readonly alarm: string };
        if (action !== "DEACTIVATE" || (alarm !== "NOSPACE" && alarm !== "CORRUPT")) {
          return this.#answer(etcd.alarms(), alarms);
        }
        return this.#answer(etcd.disarm(alarm), () => alarms([alarm]));
      },
      Status: () => etcd.status(),
      Defragment: () => etcd.defragment() ?? {},
      HashKV: (request) => etcd.hashKv((request as { readonly revision: number }).revision),
      MoveLeader: (request) =>
        this.#answer(etcd.moveLeader((request as { readonly targetID: number }).targetID), () => ({})),
    };
  }

  /** The seconds that a lease has again; 0 where there is none. */
  keepAlive(request: unknown): object | k8s.EtcdError {
    const { ID } = request as { readonly ID: number };
    return this.#answer(this.#endpoint.leaseKeepAlive(ID), (TTL) => ({ header: this.header(), ID, TTL }));
  }
}

function unary(service: EtcdService, handler: Handler): handleUnaryCall<unknown, object> {
  return (call, callback) => {
    const answer = handler(call.request);
    if (k8s.isEtcdError(answer)) callback({ code: statusOf[answer.code], details: answer.message });
    else {
      const { header } = answer as { readonly header?: { readonly revision: number } };
      callback(null, { ...answer, header: service.header(header?.revision) });
    }
    service.settle();
  };
}

function keepAlives(service: EtcdService): handleBidiStreamingCall<unknown, object> {
  return (stream) => {
    stream.on("data", (request: unknown) => {
      const answer = service.keepAlive(request);
      if (k8s.isEtcdError(answer)) stream.emit("error", { code: statusOf[answer.code], details: answer.message });
      else stream.write(answer);
    });
    stream.on("end", () => {
      stream.end();
    });
    // Whoever breaks off says so by an error, and needs no answer.
    stream.on("error", () => undefined);
  };
}

/**
 * Opens a port on the loopback address at which etcd's clients (etcdctl 3.4 and others of API version 3) find a server.
 * @throws UsageError for a port that can't be had
 */
export async function serveEtcd(endpoint: k8s.EtcdEndpoint, port: number): Promise<ServedEtcd> {
  const service = new EtcdService(endpoint);
  const server = new Server({ "grpc.max_receive_message_length": 4 * 1024 * 1024 });
  const { handlers } = service;
  for (const name of ["KV", "Watch", "Lease", "Cluster", "Maintenance"]) {
    const definition: Record<string, ServiceDefinition[string]> = {};
    const implementation: UntypedServiceImplementation = {};
    for (const method of messages.methodsOf(name)) {
      const [request, response] = [messages.codec(method.request), messages.codec(method.response)];
      definition[method.name] = {
        path: `/etcdserverpb.${name}/${method.name}`,
        requestStream: method.streams,
        responseStream: method.streams,
        requestSerialize: (message: object) => request.encode(message),
        requestDeserialize: (bytes) => request.decode(bytes),
        responseSerialize: (message: object) => response.encode(message),
        responseDeserialize: (bytes) => response.decode(bytes),
      };
      const handler = handlers[method.name];
      if (handler !== undefined) implementation[method.name] = unary(service, handler);
      else if (method.name === "LeaseKeepAlive") implementation[method.name] = keepAlives(service);
      else if (method.name === "Watch") {
        const watch: handleBidiStreamingCall<unknown, object> = (stream) => {
          serveWatches(stream, endpoint, (revision) => service.header(revision));
        };
        implementation[method.name] = watch;
      }
    }
    server.addService(definition, implementation);
  }
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, given) => {
      if (error === null) resolve(given);
      else {
        reject(
          new UsageError(`port ${port} can't be had: ${error.message}`, "Take another port, or 0 for a free one."),
        );
      }
    });
  });
  return {
    port: bound,
    close: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

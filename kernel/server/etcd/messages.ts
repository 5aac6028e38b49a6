import protobuf from "protobufjs";
import type { k8s } from "../../../sim/lab/index.js";
import { proto } from "./proto.js";

const root = protobuf.parse(proto).root;

/** How a message of a type is written and read. */
export interface Codec {
  encode(message: object): Buffer;
  /** Numbers as numbers, enumerations as their names, bytes as strings with a character for each. */
  decode(bytes: Uint8Array): unknown;
}

export function codec(name: string): Codec {
  const type = root.lookupType(`etcdserverpb.${name}`);
  return {
    encode: (message) => Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: (bytes) =>
      plain(type.toObject(type.decode(bytes), { longs: Number, enums: String, defaults: true, arrays: true })),
  };
}

export interface Method {
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly streams: boolean;
}

export function methodsOf(service: string): readonly Method[] {
  return root.lookupService(`etcdserverpb.${service}`).methodsArray.map((method) => ({
    name: method.name,
    request: method.requestType,
    response: method.responseType,
    streams: method.requestStream === true,
  }));
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** A string of bytes as bytes; should it be a text after all, as UTF-8. */
export const bytes = (text: string): Buffer => Buffer.from(text, /[^\0-\xff]/.test(text) ? "utf8" : "latin1");

/** Requests as they come, where they differ from the simulator's. */
interface RangeMessage extends Omit<k8s.RangeRequest, "sortOrder" | "sortTarget"> {
  readonly sortOrder: "NONE" | "ASCEND" | "DESCEND";
  readonly sortTarget: "KEY" | "VERSION" | "CREATE" | "MOD" | "VALUE";
}
interface CompareMessage {
  readonly result: "EQUAL" | "GREATER" | "LESS" | "NOT_EQUAL";
  readonly target: "VERSION" | "CREATE" | "MOD" | "VALUE" | "LEASE";
  readonly key: string;
  readonly rangeEnd: string;
  readonly version?: number;
  readonly createRevision?: number;
  readonly modRevision?: number;
  readonly value?: string;
  readonly lease?: number;
}
interface OpMessage {
  readonly requestRange?: RangeMessage;
  readonly requestPut?: k8s.PutRequest;
  readonly requestDeleteRange?: k8s.DeleteRangeRequest;
  readonly requestTxn?: TxnMessage;
}
interface TxnMessage {
  readonly compare: readonly CompareMessage[];
  readonly success: readonly OpMessage[];
  readonly failure: readonly OpMessage[];
}

export function rangeRequest(message: unknown): k8s.RangeRequest {
  const { sortOrder, sortTarget, ...request } = message as RangeMessage;
  return {
    ...request,
    sortOrder: sortOrder.toLowerCase() as Lowercase<typeof sortOrder>,
    sortTarget: sortTarget.toLowerCase() as Lowercase<typeof sortTarget>,
  };
}

function compare(message: CompareMessage): k8s.Compare {
  const { key, rangeEnd } = message;
  const results = { EQUAL: "equal", GREATER: "greater", LESS: "less", NOT_EQUAL: "notEqual" } as const;
  const of = { key, rangeEnd, result: results[message.result] };
  switch (message.target) {
    case "VERSION":
      return { ...of, target: "version", operand: message.version ?? 0 };
    case "CREATE":
      return { ...of, target: "create", operand: message.createRevision ?? 0 };
    case "MOD":
      return { ...of, target: "mod", operand: message.modRevision ?? 0 };
    case "LEASE":
      return { ...of, target: "lease", operand: message.lease ?? 0 };
    case "VALUE":
      return { ...of, target: "value", operand: message.value ?? "" };
  }
}

function requestOp(op: OpMessage): readonly k8s.RequestOp[] {
  if (op.requestRange !== undefined) return [{ range: rangeRequest(op.requestRange) }];
  if (op.requestPut !== undefined) return [{ put: op.requestPut }];
  if (op.requestDeleteRange !== undefined) return [{ deleteRange: op.requestDeleteRange }];
  return op.requestTxn === undefined ? [] : [{ txn: txnRequest(op.requestTxn) }];
}

export function txnRequest(message: unknown): k8s.TxnRequest {
  const txn = message as TxnMessage;
  return {
    compare: txn.compare.map(compare),
    success: txn.success.flatMap(requestOp),
    failure: txn.failure.flatMap(requestOp),
  };
}

const keyValue = (kv: k8s.KeyValue): object => ({ ...kv, key: bytes(kv.key), value: bytes(kv.value) });

/** Answers as they go, without the header of the server that gives them. */
export const rangeResponse = (response: k8s.RangeResponse): object => ({
  ...response,
  kvs: response.kvs.map(keyValue),
});

export const putResponse = ({ header, prevKv }: k8s.PutResponse): object => ({
  header,
  ...(prevKv === undefined ? {} : { prevKv: keyValue(prevKv) }),
});

export const deleteRangeResponse = (response: k8s.DeleteRangeResponse): object => ({
  ...response,
  prevKvs: response.prevKvs.map(keyValue),
});

function responseOp(op: k8s.ResponseOp): object {
  if ("range" in op) return { responseRange: rangeResponse(op.range) };
  if ("put" in op) return { responsePut: putResponse(op.put) };
  if ("deleteRange" in op) return { responseDeleteRange: deleteRangeResponse(op.deleteRange) };
  return { responseTxn: txnResponse(op.txn) };
}

export const txnResponse = (response: k8s.TxnResponse): object => ({
  ...response,
  responses: response.responses.map(responseOp),
});

export const event = ({ type, kv, prevKv }: k8s.WatchEvent): object => ({
  type: type === "put" ? 0 : 1,
  kv: keyValue(kv),
  ...(prevKv === undefined ? {} : { prevKv: keyValue(prevKv) }),
});

import type { Ipv4, Mac } from "../packet/address.js";

/** RFC 2132, 9.6. */
export const DhcpType = { DISCOVER: 1, OFFER: 2, REQUEST: 3, DECLINE: 4, ACK: 5, NAK: 6, RELEASE: 7 } as const;
export type DhcpType = keyof typeof DhcpType;

/** A DHCP message (RFC 2131) with the options that are used here (RFC 2132). */
export interface DhcpMessage {
  readonly type: DhcpType;
  /** What pairs answers with questions. */
  readonly transaction: number;
  readonly client: Mac;
  /** The address that the client has, where it has one. */
  readonly clientAddress: Ipv4;
  /** The address that it is given. */
  readonly yourAddress: Ipv4;
  readonly requested?: Ipv4 | undefined;
  readonly server?: Ipv4 | undefined;
  readonly mask?: Ipv4 | undefined;
  readonly routers: readonly Ipv4[];
  readonly nameServers: readonly Ipv4[];
  readonly domain?: string | undefined;
  readonly hostName?: string | undefined;
  /** Seconds. */
  readonly lease?: number | undefined;
}

const option = {
  mask: 1,
  router: 3,
  nameServer: 6,
  hostName: 12,
  domain: 15,
  requested: 50,
  lease: 51,
  type: 53,
  server: 54,
} as const;
const headLength = 236;
const cookie = 0x6382_5363;

const isQuestion = (type: DhcpType): boolean => ["DISCOVER", "REQUEST", "DECLINE", "RELEASE"].includes(type);

export function encodeDhcp(message: DhcpMessage): Uint8Array {
  const options: number[] = [];
  const put = (code: number, bytes: readonly number[]): void => {
    options.push(code, bytes.length, ...bytes);
  };
  const word = (value: number): readonly number[] => [
    value >>> 24,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ];
  const text = (value: string): readonly number[] => Array.from(value, (letter) => letter.charCodeAt(0) & 255);
  put(option.type, [DhcpType[message.type]]);
  if (message.server !== undefined) put(option.server, word(message.server));
  if (message.requested !== undefined) put(option.requested, word(message.requested));
  if (message.lease !== undefined) put(option.lease, word(message.lease));
  if (message.mask !== undefined) put(option.mask, word(message.mask));
  if (message.routers.length > 0) put(option.router, message.routers.flatMap(word));
  if (message.nameServers.length > 0) put(option.nameServer, message.nameServers.flatMap(word));
  if (message.domain !== undefined) put(option.domain, text(message.domain));
  if (message.hostName !== undefined) put(option.hostName, text(message.hostName));
  options.push(255);
  const bytes = new Uint8Array(Math.max(300, headLength + 4 + options.length));
  const view = new DataView(bytes.buffer);
  bytes.set([isQuestion(message.type) ? 1 : 2, 1, 6, 0]);
  view.setUint32(4, message.transaction);
  // Answers go to all: the client has no address yet.
  view.setUint16(10, 0x8000);
  view.setUint32(12, message.clientAddress);
  view.setUint32(16, message.yourAddress);
  view.setUint16(28, Math.floor(message.client / 2 ** 32));
  view.setUint32(30, message.client % 2 ** 32);
  view.setUint32(headLength, cookie);
  bytes.set(options, headLength + 4);
  return bytes;
}

/** A message from its bytes; undefined for what is none. */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage | undefined {
  if (bytes.length < headLength + 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(headLength) !== cookie) return undefined;
  const options = new Map<number, Uint8Array>();
  for (let at = headLength + 4; at + 1 < bytes.length && bytes[at] !== 255;) {
    if (bytes[at] === 0) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    options.set(bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const words = (code: number): readonly Ipv4[] => {
    const data = options.get(code) ?? new Uint8Array(0);
    const list: Ipv4[] = [];
    for (let at = 0; at + 4 <= data.length; at += 4) {
      list.push(new DataView(data.buffer, data.byteOffset + at, 4).getUint32(0) as Ipv4);
    }
    return list;
  };
  const text = (code: number): string | undefined => {
    const data = options.get(code);
    return data === undefined ? undefined : String.fromCharCode(...data);
  };
  const kind = options.get(option.type)?.[0];
  const type = (Object.keys(DhcpType) as DhcpType[]).find((name) => DhcpType[name] === kind);
  if (type === undefined) return undefined;
  return {
    type,
    transaction: view.getUint32(4),
    client: (view.getUint16(28) * 2 ** 32 + view.getUint32(30)) as Mac,
    clientAddress: view.getUint32(12) as Ipv4,
    yourAddress: view.getUint32(16) as Ipv4,
    requested: words(option.requested)[0],
    server: words(option.server)[0],
    mask: words(option.mask)[0],
    routers: words(option.router),
    nameServers: words(option.nameServer),
    domain: text(option.domain),
    hostName: text(option.hostName),
    lease: words(option.lease)[0],
  };
}

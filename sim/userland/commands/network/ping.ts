import { type Activity, type Nanos } from "../../../core/index.js";
import { parseIpv4 } from "../../../net/index.js";
import {
  AF_INET,
  attempt,
  Errno,
  getaddrinfo,
  getnameinfo,
  IPPROTO_ICMP,
  POLLIN,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_IP,
} from "../../../os/index.js";
import { Failure, type Command, type Invocation } from "../../program/command.js";

/** RFC 792's header, and the smallest data in which a time fits. */
const header = 8;

/** Codes of "destination unreachable" (RFC 792, RFC 1812) as ping says them. */
const unreachable = [
  "Destination Net Unreachable",
  "Destination Host Unreachable",
  "Destination Protocol Unreachable",
  "Destination Port Unreachable",
] as const;

interface Count {
  sent: number;
  received: number;
  errors: number;
  /** Milliseconds of each answer, in order. */
  readonly times: number[];
}

/** A time in milliseconds as ping prints it: at least three digits. */
function timeText(time: number): string {
  const digits = time >= 99.95 ? 0 : time >= 9.995 ? 1 : time >= 0.9995 ? 2 : 3;
  return time.toFixed(digits);
}

/** @throws Failure for what is no number in the range */
function number(it: Invocation, option: string, fallback: number, least: number): number {
  const given = it.value(option);
  if (given === undefined) return fallback;
  const value = Number(given);
  if (!Number.isFinite(value) || given === "") throw new Failure(`invalid argument: '${given}'`, 1);
  if (value < least)
    throw new Failure(`invalid argument: '${given}': out of range: ${least} <= value <= 9223372036854775807`, 1);
  return value;
}

/** A socket for echo requests: for datagrams where the group may have one, else a raw one. @throws Failure */
function* openSocket(it: Invocation): Activity<{ readonly fd: number; readonly raw: boolean }> {
  const fd = yield* attempt(it.sys.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
  if (!(fd instanceof Errno)) return { fd, raw: false };
  const raw = yield* attempt(it.sys.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  if (!(raw instanceof Errno)) return { fd: raw, raw: true };
  yield* it.tell(`${it.called}: socktype: SOCK_RAW`);
  throw new Failure(`socket: ${raw.message}`, 2);
}

function* run(it: Invocation): Activity<number> {
  const { sys } = it;
  const [target] = it.operands;
  if (target === undefined) throw new Failure("usage error: Destination address required");
  const count = number(it, "c", Infinity, 1);
  const interval = number(it, "i", 1, 0) * 1e9;
  const size = number(it, "s", 56, 0);
  const linger = number(it, "W", 10, 0) * 1e9;
  const deadline = number(it, "w", Infinity, 1) * 1e9;
  const found = yield* getaddrinfo(sys, target);
  if ("code" in found) throw new Failure(`${target}: ${found.message}`, 2);
  const [address = ""] = found;
  const { fd, raw } = yield* openSocket(it);
  if (it.has("t")) yield* sys.setsockopt(fd, SOL_IP, "IP_TTL", number(it, "t", 64, 1));
  const refused = yield* attempt(sys.connect(fd, { address, port: 0 }));
  if (refused instanceof Errno) throw new Failure(`connect: ${refused.message}`, 2);
  const bound = it.value("I");
  const from = bound === undefined ? "" : ` from ${bound}:`;
  it.out.put(`PING ${target} (${address})${from} ${size}(${size + header + 20}) bytes of data.\n`);
  yield* it.out.flush();
  const numeric = it.has("n") || parseIpv4(target) !== undefined;
  const name = numeric ? undefined : yield* getnameinfo(sys, address);
  const shown = numeric ? address : `${name ?? address} (${address})`;
  const now = (): Activity<number> => sys.clock_gettime("CLOCK_MONOTONIC");
  const seen: Count = { sent: 0, received: 0, errors: 0, times: [] };
  const sentAt = new Map<number, number>();
  const signalled = { interrupted: false };
  yield* sys.rt_sigaction("SIGINT", function* () {
    signalled.interrupted = true;
  });
  const began = yield* now();
  let next = began;
  let last = began;
  while (!signalled.interrupted && last - began < deadline) {
    if (seen.sent < count && last >= next) {
      const sequence = ++seen.sent;
      const request = new Uint8Array(header + size);
      request.set([8, 0, 0, 0, 0, 0, (sequence >> 8) & 255, sequence & 255]);
      for (let at = 0; at < size; at++) request[header + at] = at & 255;
      sentAt.set(sequence, last);
      const failure = yield* attempt(sys.sendto(fd, request));
      if (failure instanceof Errno) {
        yield* it.tell(`${it.called}: sendmsg: ${failure.message}`);
        seen.errors++;
      }
      next += interval;
    }
    if (seen.sent >= count && seen.received + seen.errors >= seen.sent) break;
    // Behind the last request it waits for as long as two of the slowest answers took; without any, for `linger`.
    const patience = seen.received > 0 && !it.has("W") ? Math.max(1e9, 2e6 * Math.max(...seen.times)) : linger;
    const until = Math.min(seen.sent < count ? next : (sentAt.get(seen.sent) ?? 0) + patience, began + deadline);
    last = yield* now();
    if (last >= until && seen.sent >= count) break;
    const ready = yield* attempt(sys.poll([{ fd, events: POLLIN }], Math.max(0, until - last) as Nanos));
    last = yield* now();
    if (ready instanceof Errno || ready.length === 0) continue;
    const { bytes, from: peer, ttl } = yield* sys.recvfrom(fd, 65_536);
    last = yield* now();
    const message = raw ? bytes.subarray(20) : bytes;
    const inner = message[0] === 0 ? message : message.subarray(header + 20);
    const sequence = ((inner[6] ?? 0) << 8) | (inner[7] ?? 0);
    const took = (last - (sentAt.get(sequence) ?? last)) / 1e6;
    if (message[0] === 0) {
      seen.received++;
      seen.times.push(Math.round(took * 1000) / 1000);
      if (!it.has("q"))
        it.out.put(
          `${message.length} bytes from ${shown}: icmp_seq=${sequence} ttl=${ttl ?? 64} time=${timeText(took)} ms\n`,
        );
    } else {
      seen.errors++;
      const why = message[0] === 11 ? "Time to live exceeded" : (unreachable[message[1] ?? 0] ?? "Packet filtered");
      if (!it.has("q"))
        it.out.put(`From ${typeof peer === "object" ? peer.address : ""} icmp_seq=${sequence} ${why}\n`);
    }
    yield* it.out.flush();
  }
  statistics(it, target, seen, Math.max(0, Math.round(((sentAt.get(seen.sent) ?? began) - began) / 1e6)));
  yield* sys.close(fd);
  return seen.received === 0 || (Number.isFinite(deadline) && seen.received < count && Number.isFinite(count)) ? 1 : 0;
}

function statistics(it: Invocation, target: string, { sent, received, errors, times }: Count, took: number): void {
  const failed = errors === 0 ? "" : `+${errors} errors, `;
  const loss = sent === 0 ? 0 : ((sent - received) * 100) / sent;
  it.out.put(
    `\n--- ${target} ping statistics ---\n${sent} packets transmitted, ${received} received, ${failed}` +
      `${Number(loss.toPrecision(6))}% packet loss, time ${took}ms\n`,
  );
  if (received === 0) {
    it.out.put("\n");
    return;
  }
  const mean = times.reduce((sum, time) => sum + time, 0) / received;
  const square = times.reduce((sum, time) => sum + time * time, 0) / received;
  const mdev = Math.sqrt(Math.max(0, square - mean * mean));
  const cells = [Math.min(...times), mean, Math.max(...times), mdev].map((value) => value.toFixed(3));
  it.out.put(`rtt min/avg/max/mdev = ${cells.join("/")} ms\n`);
}

export const ping: Command = {
  name: "ping",
  usage: ["[options] <destination>"],
  about: "Send ICMP ECHO_REQUEST to network hosts.",
  options: [
    { short: "c", argument: "<count>", help: "stop after <count> replies" },
    { short: "i", argument: "<interval>", help: "seconds between sending each packet" },
    { short: "I", argument: "<interface>", help: "named in the first line; routes decide" },
    { short: "n", help: "no reverse DNS name resolution" },
    { short: "q", help: "quiet output" },
    { short: "s", argument: "<size>", help: "use <size> as number of data bytes to be sent" },
    { short: "t", argument: "<ttl>", help: "define time to live" },
    { short: "w", argument: "<deadline>", help: "reply wait <deadline> in seconds" },
    { short: "W", argument: "<timeout>", help: "time to wait for response" },
    { short: "4", help: "use IPv4" },
  ],
  operands: [0, 1],
  usageStatus: 2,
  run,
};

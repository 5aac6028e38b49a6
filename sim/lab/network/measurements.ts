import {
  any,
  ms,
  s,
  type Activity,
  type Nanos,
  type PlotView,
  type Row,
  type TableView,
  type Viewable,
} from "../../core/index.js";
import {
  formatIpv4,
  isErrno,
  type CongestionName,
  type Ipv4,
  type NetworkNamespace,
  type TcpSettings,
} from "../../net/index.js";

export interface PingOptions {
  readonly count: number;
  readonly interval: Nanos;
  /** Bytes of data in each request. */
  readonly bytes: number;
  /** How long is waited for an answer to the last. */
  readonly timeout: Nanos;
}

export const pingDefaults: PingOptions = { count: 4, interval: s(1), bytes: 56, timeout: s(1) };

/** What came of echo requests: each with its round trip, or why there is none. */
export class PingResult implements Viewable {
  readonly to: string;
  readonly rows: readonly Row[];

  constructor(to: string, rows: readonly Row[]) {
    this.to = to;
    this.rows = rows;
  }

  get sent(): number {
    return this.rows.length;
  }

  get received(): number {
    return this.times.length;
  }

  /** Round trips in milliseconds. */
  get times(): readonly number[] {
    return this.rows.flatMap(({ time }) => (typeof time === "number" ? [time] : []));
  }

  view(): TableView {
    const columns = [
      { key: "seq" },
      { key: "from" },
      { key: "ttl", label: "TTL" },
      { key: "time", unit: "ms" },
      { key: "note", label: "" },
    ];
    const mean = this.times.reduce((sum, time) => sum + time, 0) / Math.max(1, this.received);
    const trips = this.received === 0 ? "" : `; mean round trip ${Number(mean.toPrecision(4))} ms`;
    const caption = `${this.sent} sent, ${this.received} received${trips}`;
    return { as: "table", title: `ping ${this.to}`, columns, rows: this.rows, caption };
  }
}

/** Words for an ICMP error, as ping prints them. */
const errorWords = (type: 3 | 11, code: number): string =>
  type === 11
    ? "Time to live exceeded"
    : `Destination ${["Net", "Host", "Protocol", "Port"][code] ?? "Host"} Unreachable`;

/** Sends echo requests and waits for answers: ping(8). */
export function* ping(
  from: NetworkNamespace,
  to: Ipv4,
  { count, interval, bytes, timeout }: PingOptions,
): Activity<PingResult> {
  const { engine } = from.world;
  const echo = from.echoSocket();
  const begun: number[] = [];
  const rows: Row[] = [];
  const take = (): void => {
    for (let got = echo.take(); got !== undefined; got = echo.take()) {
      if (rows[got.sequence] !== undefined) continue;
      const time = (engine.now - (begun[got.sequence] ?? 0)) / 1e6;
      const seq = got.sequence + 1;
      rows[got.sequence] =
        got.kind === "reply"
          ? { seq, from: formatIpv4(got.from), ttl: got.ttl, time, note: null }
          : { seq, from: formatIpv4(got.from), ttl: null, time: null, note: errorWords(got.type, got.code) };
    }
  };
  for (let sequence = 0; sequence < count; sequence++) {
    begun.push(engine.now);
    const failed = echo.send(to, sequence, { bytes });
    if (failed !== undefined) rows[sequence] = { seq: sequence + 1, from: null, ttl: null, time: null, note: failed };
    const last = sequence === count - 1;
    const over = engine.delay(last ? timeout : interval);
    for (;;) {
      take();
      if (last && rows.filter(Boolean).length === count) break;
      const first = yield* any({ answer: echo.changed, over });
      if (first.key === "over") break;
    }
  }
  take();
  echo.close();
  const lost = (seq: number): Row => ({ seq, from: null, ttl: null, time: null, note: "no answer" });
  return new PingResult(
    formatIpv4(to),
    Array.from({ length: count }, (_, at) => rows[at] ?? lost(at + 1)),
  );
}

/** Routers on the way: traceroute(8), by UDP to ports from 33434 on, a probe for each hop. */
export function* traceroute(from: NetworkNamespace, to: Ipv4, most: number): Activity<TableView> {
  const { engine } = from.world;
  const rows: Row[] = [];
  for (let ttl = 1; ttl <= most; ttl++) {
    const socket = from.udpSocket();
    socket.ttl = ttl;
    const begun = engine.now;
    const failed = socket.send(new Uint8Array(32), to, 33_433 + ttl);
    const over = engine.delay(s(5));
    let error = socket.takeDatagramError();
    while (error === undefined && failed === undefined) {
      const first = yield* any({ answer: socket.changed, over });
      error = socket.takeDatagramError();
      if (first.key === "over") break;
    }
    socket.close();
    const note =
      failed ??
      (error === undefined
        ? "no answer"
        : error.type === 11
          ? null
          : error.code === 3
            ? "arrived"
            : errorWords(3, error.code));
    rows.push({
      hop: ttl,
      router: error === undefined ? null : formatIpv4(error.from),
      time: error === undefined ? null : (engine.now - begun) / 1e6,
      note,
    });
    if (failed !== undefined || error?.type === 3) break;
  }
  const columns = [{ key: "hop" }, { key: "router" }, { key: "time", unit: "ms" }, { key: "note", label: "" }];
  return { as: "table", title: `traceroute ${formatIpv4(to)}`, columns, rows };
}

export interface ThroughputOptions {
  readonly duration: Nanos;
  readonly congestion: CongestionName;
  /** Connections at once. */
  readonly flows: number;
  readonly port: number;
  /** Bytes that the receiver lets wait: its window. */
  readonly receiveBuffer: number | null;
  /** Points of the curves. */
  readonly samples: number;
}

export const throughputDefaults: ThroughputOptions = {
  duration: s(5),
  congestion: "cubic",
  flows: 1,
  port: 5201,
  receiveBuffer: null,
  samples: 100,
};

/** One flow at the end of an interval. */
export interface FlowSample {
  /** Nanoseconds since the beginning. */
  readonly time: number;
  /** Of the interval, what was read. */
  readonly bitsPerSecond: number;
  /** Segments. */
  readonly congestionWindow: number;
}

/** What bulk transfers came to: iperf3(1). */
export class ThroughputResult implements Viewable {
  readonly title: string;
  readonly duration: Nanos;
  readonly flows: readonly (readonly FlowSample[])[];
  /** Bytes that each flow's reader got. */
  readonly bytes: readonly number[];
  readonly retransmitted: number;
  readonly seed: number;

  constructor(parts: Omit<ThroughputResult, "view" | "windows" | "bitsPerSecond">) {
    this.title = parts.title;
    this.duration = parts.duration;
    this.flows = parts.flows;
    this.bytes = parts.bytes;
    this.retransmitted = parts.retransmitted;
    this.seed = parts.seed;
  }

  /** Of all flows together, over the whole time. */
  get bitsPerSecond(): number {
    return (this.bytes.reduce((sum, bytes) => sum + bytes, 0) * 8e9) / this.duration;
  }

  /** Throughput over time. */
  view(): PlotView {
    return this.#plot(
      `How fast is ${this.title}?`,
      { label: "throughput", unit: "Mbit/s" },
      (sample) => sample.bitsPerSecond / 1e6,
    );
  }

  /** The congestion window over time. */
  windows(): PlotView {
    return this.#plot(
      `How much may be under way, ${this.title}?`,
      { label: "congestion window", unit: "segments" },
      (sample) => sample.congestionWindow,
    );
  }

  #plot(title: string, y: PlotView["y"], value: (sample: FlowSample) => number): PlotView {
    const mean = `${Number((this.bitsPerSecond / 1e6).toPrecision(4))} Mbit/s over all, ${this.retransmitted} segments sent again`;
    return {
      as: "plot",
      title,
      caption: `${mean}; seed ${this.seed}`,
      x: { label: "time", unit: "s" },
      y,
      series: this.flows.map((samples, at) => ({
        name: this.flows.length === 1 ? "flow" : `flow ${at + 1}`,
        mark: "line",
        x: samples.map(({ time }) => time / 1e9),
        y: samples.map(value),
        ...(this.flows.length === 1 ? { role: "network" as const } : {}),
      })),
    };
  }
}

/** Sends as fast as it goes for a while, by one or several connections. */
export function* throughput(
  from: NetworkNamespace,
  to: NetworkNamespace,
  address: Ipv4,
  options: ThroughputOptions,
): Activity<ThroughputResult | string> {
  const { engine, seed } = from.world;
  const { duration, congestion, flows, port, receiveBuffer, samples } = options;
  const tuned: Partial<TcpSettings> = receiveBuffer === null ? {} : { receiveBuffer };
  const listener = to.tcpSocket();
  Object.assign(listener.settings, { reuseAddress: true, ...tuned });
  const failed = listener.bind(undefined, port) ?? listener.listen();
  if (failed !== undefined) return failed;
  const before = from.tcp.counters.retransmitted;
  const bytes = new Array<number>(flows).fill(0);
  const curves: FlowSample[][] = bytes.map(() => []);
  const sockets = bytes.map(() => from.tcpSocket());
  const begun = engine.now;
  const chunk = new Uint8Array(65_536);
  function* read(): Activity<void> {
    const socket = yield* listener.accept();
    if (isErrno(socket)) return;
    const flow = sockets.findIndex((other) => other.local.port === socket.remote?.port);
    for (;;) {
      const got = yield* socket.receive();
      if (isErrno(got) || got.length === 0) break;
      bytes[flow] = (bytes[flow] ?? 0) + got.length;
    }
    socket.close();
  }
  function* write(flow: number): Activity<string | undefined> {
    const socket = sockets[flow];
    if (socket === undefined) return undefined;
    socket.settings.congestion = congestion;
    const refused = yield* socket.connect(address, port);
    if (refused !== undefined) return refused;
    for (;;) {
      const sent = yield* socket.send(chunk);
      if (isErrno(sent)) return undefined;
    }
  }
  const work = bytes.flatMap((_, flow) => [
    engine.spawn(read(), { background: true, name: "reader" }),
    engine.spawn(write(flow), { background: true, name: "writer" }),
  ]);
  const step = Math.max(1, Math.floor(duration / samples)) as Nanos;
  let last = [...bytes];
  for (let at = 1; at <= samples; at++) {
    yield engine.delay(step);
    curves.forEach((curve, flow) => {
      const bitsPerSecond = (((bytes[flow] ?? 0) - (last[flow] ?? 0)) * 8e9) / step;
      const window = sockets[flow]?.info()["cwnd"];
      curve.push({
        time: engine.now - begun,
        bitsPerSecond,
        congestionWindow: typeof window === "number" ? window : 0,
      });
    });
    last = [...bytes];
  }
  const refused = work.find((process) => process.settled && typeof process.value === "string")?.value;
  for (const process of work) if (!process.settled) process.cancel();
  for (const socket of sockets) socket.abort();
  listener.close();
  yield engine.delay(ms(0));
  if (typeof refused === "string") return refused;
  const title = `${from.name} to ${to.name} (${congestion}${flows === 1 ? "" : `, ${flows} flows`})`;
  const retransmitted = from.tcp.counters.retransmitted - before;
  return new ThroughputResult({
    title,
    duration: (engine.now - begun) as Nanos,
    flows: curves,
    bytes: last,
    retransmitted,
    seed,
  });
}

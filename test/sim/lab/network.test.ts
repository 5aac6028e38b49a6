import { describe, expect, test } from "vitest";
import {
  isView,
  lab,
  ms,
  s,
  UsageError,
  type Capture,
  type Carrier,
  type Network,
  type NetworkHost,
  type TableView,
} from "../../../sim/lab/index.js";

/** Two computers on one wire, each with a guest of two tenants, who use the same addresses. */
function tenants(red: Carrier, blue: Carrier) {
  const net = lab({ seed: 3 }).network();
  const wire = net.medium("wire", { rate: 1e9 });
  const computers = [1, 2].map((number) => {
    const computer = net.host(`computer${number}`, { address: `192.168.0.${number}/24` });
    net.link(computer, wire);
    return computer;
  });
  const made = (
    [
      ["red", red],
      ["blue", blue],
    ] as const
  ).map(([name, carrier]) => {
    const network = net.virtual(name, carrier);
    const guests = computers.map((on, at) => network.guest(on, `${name}${at + 1}`, `10.0.0.${at + 1}/24`));
    return { network, guests };
  });
  const [first, second] = made as [(typeof made)[0], (typeof made)[0]];
  return { net, computers, red: first, blue: second, guests: [...first.guests, ...second.guests] };
}

/** What is found at 10.0.0.2 by the first guest of each tenant, and at 10.0.0.1 by the second. */
const answers = (net: Network, guests: readonly NetworkHost[]): unknown =>
  net.whoAnswers(guests).rows.map((row) => [row["from"], row["10.0.0.1/24"], row["10.0.0.2/24"]]);

const isolated = [
  ["red1", "red1", "red2"],
  ["red2", "red1", "red2"],
  ["blue1", "blue1", "blue2"],
  ["blue2", "blue1", "blue2"],
];

describe("virtual networks", () => {
  test.each([
    ["VLAN", { vlan: 10 }, { vlan: 20 }],
    ["VXLAN", { vxlan: 10 }, { vxlan: 20 }],
    ["one of each", { vlan: 10 }, { vxlan: 10 }],
  ])("with the same addresses on one wire are apart, and both work: %s", (_, red, blue) => {
    const { net, guests, computers } = tenants(red, blue);
    const capture = net.capture(computers[0]!, "eth0");
    expect(answers(net, guests)).toEqual(isolated);
    // All of it went over the one wire.
    expect(capture.frames.length).toBeGreaterThan(10);
    const tags = new Set(capture.frames.map(({ frame }) => frame.vlan).filter((vlan) => vlan !== 0));
    expect([...tags].sort()).toEqual(
      [red, blue].flatMap((carrier) => ("vlan" in carrier ? [carrier.vlan] : [])).sort(),
    );
  });

  test("aren't apart without a number of their own: what keeps them apart is the tag", () => {
    const { net, computers } = tenants({ vlan: 10 }, { vlan: 20 });
    const plain = net.virtual("plain", { vlan: 30 });
    const [a, b] = [plain.guest(computers[0]!, "a", "10.0.0.1/24"), plain.guest(computers[1]!, "b", "10.0.0.1/24")];
    const c = plain.guest(computers[0]!, "c", "10.0.0.9/24");
    // Two have one address on one network: whoever answers first is believed, by some one, by others another.
    expect(["a", "b"]).toContain(c.whoIs("10.0.0.1"));
    expect([a.whoIs("10.0.0.9"), b.whoIs("10.0.0.1")]).toEqual(["c", "b"]);
    expect(() => net.virtual("again", { vlan: 10 }).guest(computers[0]!, "d", "10.0.0.4/24")).toThrow(UsageError);
  });

  test("go out by their computer's address, and are not reached from outside", () => {
    const { net, computers, red, blue } = tenants({ vlan: 10 }, { vxlan: 20 });
    const outside = net.host("outside", { address: "192.168.0.9/24" });
    net.link(outside, net.medium("other"));
    const [computer] = computers as [NetworkHost];
    net.link(computer, outside, { address: ["172.31.0.1/24", "172.31.0.2/24"] });
    red.network.gateway(computer, "10.0.0.254/24");
    outside.serve(80, ({ path }, from) => ({
      status: 200,
      headers: {},
      body: new TextEncoder().encode(`${path} for ${from.address >>> 24}.${(from.address >>> 16) & 255}`),
    }));
    expect(red.guests[1]!.get("http://172.31.0.2/page")).toEqual({ status: 200, text: "/page for 172.31" });
    expect(blue.guests[0]!.get("http://172.31.0.2/")).toEqual({ error: "ENETUNREACH" });
    expect(outside.ping("10.0.0.1", { count: 1 }).received).toBe(0);
  });
});

/** a and b with two routers between. */
function routed(): { net: Network; a: NetworkHost; b: NetworkHost } {
  const net = lab({ seed: 1 }).network();
  const a = net.host("a", { address: "10.0.0.2/24", gateway: "10.0.0.1" });
  const b = net.host("b", { address: "10.2.0.2/24", gateway: "10.2.0.1" });
  const [r1, r2] = [net.router("r1"), net.router("r2")];
  const lan = net.switch("lan");
  net.link(a, lan);
  net.link(r1, lan, { address: "10.0.0.1/24" });
  net.link(r1, r2, { address: ["10.1.0.1/24", "10.1.0.2/24"], delay: ms(10), rate: 10e6, queue: 50 });
  net.link(r2, b, { address: ["10.2.0.1/24", null] });
  r1.route("10.2.0.0/24", "10.1.0.2");
  r2.route("10.0.0.0/24", "10.1.0.1");
  return { net, a, b };
}

describe("a network", () => {
  test("is pinged: round trips come from its links", () => {
    const { a, b } = routed();
    const result = a.ping(b);
    expect([result.sent, result.received]).toEqual([4, 4]);
    // Twice 10 ms, and the time of the bits; the first waits for three addresses, one of them beyond the slow link.
    expect(result.times.slice(1).every((time) => time > 20 && time < 20.5)).toBe(true);
    expect(result.times[0]).toBeGreaterThan(40);
    expect(
      a
        .ping("10.9.9.9", { count: 2 })
        .view()
        .rows.map(({ note }) => note),
    ).toEqual(["Destination Net Unreachable", "Destination Net Unreachable"]);
    expect(() => a.ping("nobody")).toThrow(UsageError);
  });

  test("is traced: every router says its name", () => {
    const { a, b } = routed();
    expect(a.traceroute(b).rows.map(({ router, note }) => [router, note])).toEqual([
      ["10.0.0.1", null],
      ["10.1.0.2", null],
      ["10.2.0.2", "arrived"],
    ]);
  });

  test("is measured: the slowest link decides", () => {
    const { a, b } = routed();
    const one = a.throughput(b, { duration: s(4) });
    expect(one.bitsPerSecond / 10e6).toBeGreaterThan(0.85);
    expect(one.bitsPerSecond / 10e6).toBeLessThan(0.95);
    const two = a.throughput(b, { duration: s(4), flows: 2, congestion: "reno" });
    expect(two.flows).toHaveLength(2);
    expect(Math.min(...two.bytes) / Math.max(...two.bytes)).toBeGreaterThan(0.3);
    expect(two.retransmitted).toBeGreaterThan(0);
    for (const view of [one.view(), one.windows(), two.view()]) expect(isView(view)).toBe(true);
    expect(one.view().series[0]!.x).toHaveLength(100);
    b.iptables("-A INPUT -p tcp --dport 5201 -j REJECT");
    expect(() => a.throughput(b)).toThrow(/ECONNREFUSED/);
  });

  test("is the same every time", () => {
    const run = (): readonly unknown[] => {
      const { a, b } = routed();
      return a.throughput(b, { duration: s(1) }).flows;
    };
    expect(run()).toEqual(run());
  });

  test("is captured: who sends what to whom", () => {
    const { net, a, b } = routed();
    b.serve(80, "hello");
    const capture: Capture = net.capture([a, b]);
    expect(a.get("http://10.2.0.2/")).toEqual({ status: 200, text: "hello" });
    capture.stop();
    const labels = capture.sequence().messages.map(({ label }) => label);
    expect(labels.filter((label) => label.startsWith("TCP [S]"))).toHaveLength(1);
    expect(labels.filter((label) => label.startsWith("TCP [S.]"))).toHaveLength(1);
    expect(
      capture.table().rows.some(({ frame }) => String(frame).startsWith("ARP who has 10.0.0.1? Tell 10.0.0.2")),
    ).toBe(true);
    expect(capture.pcap().subarray(0, 4)).toEqual(Uint8Array.from([0xa1, 0xb2, 0x3c, 0x4d]));
    const before = capture.frames.length;
    a.ping(b, { count: 1 });
    expect(capture.frames).toHaveLength(before);
    for (const view of [net.view(), a.view(), capture.view(), capture.sequence()]) expect(isView(view)).toBe(true);
  });

  test("keeps VLANs of a switch apart, and joins them over a trunk", () => {
    const net = lab().network();
    const switches = ["s1", "s2"].map((name) => net.switch(name, { vlanAware: true }));
    net.link(switches[0]!, switches[1]!, { trunk: [10, 20] });
    const hosts = switches.flatMap((one, at) =>
      [10, 20].map((vlan) => {
        const host = net.host(`v${vlan}-${at + 1}`, { address: `10.0.0.${at + 1}/24` });
        net.link(host, one, { vlan });
        return host;
      }),
    );
    const table: TableView = net.whoAnswers(hosts);
    expect(table.rows.map((row) => [row["from"], row["10.0.0.1/24"], row["10.0.0.2/24"]])).toEqual([
      ["v10-1", "v10-1", "v10-2"],
      ["v20-1", "v20-1", "v20-2"],
      ["v10-2", "v10-1", "v10-2"],
      ["v20-2", "v20-1", "v20-2"],
    ]);
    expect(switches[0]!.view().rows.length).toBeGreaterThan(3);
    expect(() => net.host("s1")).toThrow(UsageError);
    expect(() => net.host("new", { adress: "10.0.0.1/24" } as never)).toThrow(/no option "adress"/);
  });
});

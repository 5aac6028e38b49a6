import { describe, expect, test } from "vitest";
import type { NetworkNamespace } from "../../../sim/net/index.js";
import { ipv4 } from "../../../sim/net/index.js";
import { ask, modes, serve, site } from "./site.js";

describe.each(Object.keys(modes) as (keyof typeof modes)[])("a service by %s", (mode) => {
  test("is reached from outside, from the node and from a container, at all of its ends", () => {
    const all = site(3);
    const { host, client, boxes } = all;
    modes[mode](host, 3, ["172.17.0.2:8080", "172.17.0.3:8080"]);
    for (const box of boxes.slice(0, 2)) serve(all, box, 8080);
    client.addRoute({ to: "10.96.0.0/16", via: "192.168.0.2" });
    host.addRoute({ to: "default", via: "192.168.0.1" });
    const servers = (from: NetworkNamespace): Set<string> =>
      new Set(Array.from({ length: 12 }, () => ask(all, from, "10.96.0.1", 80).split(" ")[0]!));
    for (const from of [client, host, boxes[2]!]) expect(servers(from)).toEqual(new Set(["box0", "box1"]));
    // A container that is given itself: by the bridge and back.
    expect(servers(boxes[0]!)).toEqual(new Set(["box0", "box1"]));
  });
});

test("a service whose ends are on its client's own bridge needs the bridge's packets filtered, too", () => {
  const all = site(2);
  const { host, boxes, bridge } = all;
  host.iptables("-t nat -A PREROUTING -d 10.96.0.1 -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:8080");
  serve(all, boxes[0]!, 8080);
  // The answer comes from an address that nobody called.
  expect(ask(all, boxes[1]!, "10.96.0.1", 80)).toBe("ETIMEDOUT");
  host.filterBridge(bridge);
  expect(ask(all, boxes[1]!, "10.96.0.1", 80)).toBe("box0 sees 172.17.0.3");
  expect(ask(all, boxes[1]!, "172.17.0.2", 8080)).toBe("box0 sees 172.17.0.3");
  host.iptables("-A FORWARD -d 172.17.0.2 -j REJECT --reject-with tcp-reset");
  expect(ask(all, boxes[1]!, "172.17.0.2", 8080)).toBe("ECONNREFUSED");
});

test("the first packet of a connection costs rules in iptables, look-ups in nftables and IPVS", () => {
  const cost = (mode: keyof typeof modes, services: number): { rules: number; lookups: number } => {
    const all = site();
    const { host, client, boxes } = all;
    modes[mode](host, services, ["172.17.0.2:8080"]);
    serve(all, boxes[0]!, 8080);
    client.addRoute({ to: "10.96.0.0/16", via: "192.168.0.2" });
    expect(ask(all, client, "10.96.0.1", 80)).toMatch("box0");
    const { work } = host.netfilter;
    const before = { ...work };
    expect(ask(all, client, "10.96.0.1", 80)).toMatch("box0");
    return { rules: work.rules - before.rules, lookups: work.lookups - before.lookups };
  };
  for (const mode of ["nftables", "ipvs"] as const) expect(cost(mode, 200)).toEqual(cost(mode, 20));
  expect(cost("iptables", 200).rules - cost("iptables", 20).rules).toBe(180);
});

test("IPVS chooses by turns, by fewest connections, or by source", () => {
  const { ipvs } = site().host.netfilter;
  const made = (["rr", "lc", "sh"] as const).map((scheduler, at) => {
    const server = ipvs.add("tcp", `10.0.0.${at}:80`, scheduler);
    for (const end of [1, 2, 3]) ipvs.addReal(server, `10.1.0.${end}:80`, end === 3 ? 0 : 1);
    return server;
  });
  const [rr, lc, sh] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
  const ends = (server: typeof rr, times: number): (number | undefined)[] =>
    Array.from({ length: times }, (_, at) => ipvs.choose(server, ipv4(`1.2.3.${at}`))?.address).map(
      (address) => address && address % 256,
    );
  expect(ends(rr, 4)).toEqual([1, 2, 1, 2]);
  lc.servers[0]!.active = 5;
  expect(ends(lc, 2)).toEqual([2, 2]);
  expect(new Set(ends(sh, 40))).toEqual(new Set([1, 2]));
  expect(ends(sh, 5)).toEqual(ends(sh, 5));
});

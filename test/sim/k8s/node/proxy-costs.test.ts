import { describe, expect, test } from "vitest";
import { proxyCosts, type ProxyCost } from "../../../../sim/k8s/index.js";

describe("kube-proxy's modes", () => {
  const { costs, rows } = proxyCosts([10, 100, 1000]);
  const of = (mode: ProxyCost["mode"], what: keyof ProxyCost): number[] =>
    costs.filter((cost) => cost.mode === mode).map((cost) => Number(cost[what]));
  test("a first packet takes a rule for each service in iptables, and the same whatever there is in the others", () => {
    const [few = 0, more = 0, many = 0] = of("iptables", "firstRules");
    expect([more - few, many - more]).toEqual([90, 900]);
    for (const mode of ["nftables", "ipvs"] as const) {
      expect(new Set(of(mode, "firstRules")).size).toBe(1);
      expect(new Set(of(mode, "firstLookups")).size).toBe(1);
      expect(of(mode, "firstRules")[0]).toBeLessThan(few);
    }
  });

  test("further packets cost the same in all: the connection is known", () => {
    for (const mode of ["iptables", "nftables", "ipvs"] as const) {
      expect(new Set(of(mode, "nextRules")).size).toBe(1);
      expect(of(mode, "nextRules")[0]).toBeLessThan(of(mode, "firstRules")[0] ?? 0);
    }
  });

  test("a change writes KUBE-SERVICES anew in iptables, and what changed in the others", () => {
    const [few = 0, more = 0, many = 0] = of("iptables", "written");
    expect([more - few, many - more]).toEqual([90, 900]);
    for (const mode of ["nftables", "ipvs"] as const) {
      expect(new Set(of(mode, "written")).size).toBe(1);
      expect(of(mode, "written")[0]).toBeLessThan(few);
    }
  });

  test("are shown as a table; what can't be is refused", () => {
    expect(rows).toHaveLength(9);
    expect(() => proxyCosts([0])).toThrow("there can't be 0 services");
  });
});

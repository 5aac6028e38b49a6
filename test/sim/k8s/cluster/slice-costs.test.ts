import { describe, expect, test } from "vitest";
import { endpointSliceCosts, type SliceCost } from "../../../../sim/k8s/index.js";

describe("one endpoint that changes", () => {
  const { costs, rows } = endpointSliceCosts({ endpoints: [100, 500], nodes: [10, 50] });
  const of = (form: SliceCost["form"], endpoints: number, nodes: number): SliceCost => {
    const found = costs.find((cost) => cost.form === form && cost.endpoints === endpoints && cost.nodes === nodes);
    if (found === undefined) throw new Error(`no row for ${form}`);
    return found;
  };

  test("is one write and one event for each node, in every form", () => {
    expect(rows).toHaveLength(12);
    for (const cost of costs) expect(cost).toMatchObject({ writes: 1, events: cost.nodes });
  });

  test("costs as many bytes as there are endpoints times nodes, with slices a slice's times nodes", () => {
    for (const form of ["Endpoints", "slices of 100", "slices of 1"] as const)
      expect(of(form, 500, 50).bytes).toBe(5 * of(form, 500, 10).bytes);
    expect(of("Endpoints", 500, 10).bytes / of("Endpoints", 100, 10).bytes).toBeCloseTo(5, 0);
    for (const form of ["slices of 100", "slices of 1"] as const)
      expect(of(form, 500, 10).bytes / of(form, 100, 10).bytes).toBeCloseTo(1, 1);
  });

  test("comes in the order of KEP-752's table, and near its estimates of objects", () => {
    const [whole, slice, single] = (["Endpoints", "slices of 100", "slices of 1"] as const).map((form) => {
      const { bytes, events } = of(form, 500, 50);
      return bytes / events;
    }) as [number, number, number];
    expect(whole).toBeGreaterThan(slice);
    expect(slice).toBeGreaterThan(single);
    // It takes 100 B for each endpoint of an object (2 MB for 20,000, 10 KB for 100), and less than 1 KB for one alone. JSON is longer.
    for (const each of [whole / 500, slice / 100]) {
      expect(each).toBeGreaterThan(100);
      expect(each).toBeLessThan(250);
    }
    expect(single).toBeLessThan(1024);
  });

  test("can't be asked of numbers that aren't", () => {
    expect(() => endpointSliceCosts({ nodes: [-1] })).toThrow("-1 is no number of endpoints or nodes");
  });
});

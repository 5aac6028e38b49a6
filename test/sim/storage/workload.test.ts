import { describe, expect, it } from "vitest";
import { createWorld, isView, KiB, MiB, type World } from "../../../sim/core/index.js";
import {
  compareDevices,
  compareSchedulers,
  createDisk,
  distributionPlot,
  summaryTable,
  workload,
  type Disk,
  type ProfileName,
  type WorkloadOptions,
} from "../../../sim/storage/index.js";
import { usage } from "./usage.js";

const disk = (world: World = createWorld({ seed: 12 }), profile: ProfileName = "hp-97560"): Disk =>
  createDisk({ world, profile });

describe("a workload", () => {
  it("asks for the pattern's sectors, each block in the range", () => {
    const range = { from: MiB(10), length: MiB(5) };
    const random = workload(disk(), { count: 300, blockSize: KiB(8), ...range });
    const lbas = random.completions.map(({ lba }) => lba);
    for (const lba of lbas) {
      expect(lba).toBeGreaterThanOrEqual(MiB(10) / 512);
      expect(lba + 16).toBeLessThanOrEqual(MiB(15) / 512);
      expect((lba * 512 - MiB(10)) % KiB(8)).toBe(0);
    }
    expect(new Set(lbas).size).toBeGreaterThan(200);
    const inRow = workload(disk(), { pattern: "sequential", count: 5, blockSize: KiB(8), ...range });
    expect(inRow.completions.map(({ lba }) => lba)).toEqual([0, 1, 2, 3, 4].map((i) => 20_480 + 16 * i));
  });

  it("asks every device for the same sectors, and the same one again for the same", () => {
    const options = { count: 50, readShare: 0.5, length: MiB(64) };
    const asked = (device: Disk): string =>
      JSON.stringify(
        workload(device, options)
          .completions.map(({ op, lba }) => [op, lba])
          .sort(),
      );
    const here = disk();
    const first = asked(here);
    expect(asked(here)).toBe(first);
    expect(asked(disk(createWorld({ seed: 12 }), "ssd-sata"))).toBe(first);
    expect(asked(disk(createWorld({ seed: 13 })))).not.toBe(first);
    const other = workload(disk(), { ...options, seed: 1 }).completions.map(({ op, lba }) => [op, lba]);
    expect(JSON.stringify(other.sort())).not.toBe(first);
  });

  it("keeps as many requests under way as its depth", () => {
    for (const depth of [1, 4, 16]) {
      const { completions } = workload(disk(), { depth, count: 100 });
      const middle = completions[50]!.finished - 1;
      expect(completions.filter(({ issued, finished }) => issued <= middle && middle < finished)).toHaveLength(depth);
    }
  });

  it("reads its share and writes the rest", () => {
    const { completions } = workload(disk(), { count: 1000, readShare: 0.7 });
    const reads = completions.filter(({ op }) => op === "read").length;
    expect(reads).toBeGreaterThan(650);
    expect(reads).toBeLessThan(750);
  });

  it("measures what its rows say", () => {
    const result = workload(disk(), { count: 100, depth: 2 });
    const latencies = result.rows.map((row) => Number(row["latency"])).sort((a, b) => a - b);
    expect(result.mean).toBeCloseTo(latencies.reduce((a, b) => a + b, 0) / 100, 3);
    expect(result.percentile(0.5)).toBe(latencies[49]);
    expect(result.percentile(1)).toBe(latencies[99]);
    expect(result.iops * (result.elapsed / 1e9)).toBeCloseTo(100, 6);
    expect(result.throughput).toBeCloseTo(result.iops * 4096, 6);
    // Little's law: as many are under way as come in a second times how long each stays, but for the last.
    expect((result.iops * result.mean) / 1e9).toBeCloseTo(2, 1);
  });

  it("begins from cold buffers unless told otherwise", () => {
    const here = disk();
    const options = { pattern: "sequential", count: 20 } as const;
    const { mean } = workload(here, options);
    expect(workload(here, options).mean / mean).toBeCloseTo(1, 0);
    expect(workload(here, { ...options, cold: false }).mean).toBeLessThan(0.95 * mean);
  });

  it("with chance arrivals on a FIFO disk waits as Pollaczek and Khinchine say", () => {
    const here = createDisk({ world: createWorld({ seed: 5 }), profile: "hp-97560", scheduler: "fifo" });
    const result = workload(here, { rate: 20, count: 20_000 });
    const services = result.completions.map(({ requests: [request] }) => request!.finished - request!.started);
    const mean = services.reduce((a, b) => a + b, 0) / services.length;
    const square = services.reduce((a, b) => a + b * b, 0) / services.length;
    const rate = result.iops / 1e9;
    const wait = (rate * square) / (2 * (1 - rate * mean));
    const waited = result.mean - mean;
    expect(rate * mean).toBeGreaterThan(0.4);
    expect(waited / wait).toBeGreaterThan(0.93);
    expect(waited / wait).toBeLessThan(1.07);
  });

  it.each<[Partial<WorkloadOptions>, string, string]>([
    [{ blockSize: 1000 }, "blockSize", "multiple of 512"],
    [{ count: 0 }, "count", "from 1 on"],
    [{ depth: 0.5 }, "depth", "from 1 on"],
    [{ rate: 0 }, "rate", "null"],
    [{ readShare: 2 }, "readShare", "0 to 1"],
    [{ from: 100 }, "from", "multiple of 512"],
    [{ length: 2 ** 50 }, "length", "sda"],
    [{ length: 512 }, "length", "block fits"],
    [{ pattern: "zipf" as "random" }, "pattern", '"random"'],
    [{ patern: "random" } as Partial<WorkloadOptions>, "patern", '"pattern"'],
  ])("with %o is refused", (options, message, hint) => {
    const here = disk();
    expect(() => workload(here, options)).toThrow(usage(message, hint));
    expect(here.statistics.reads).toBe(0);
  });

  it("gives pictures that are plain data", () => {
    const result = workload(disk(), { count: 50 });
    for (const view of [
      result.view(),
      result.histogram(),
      result.distribution(),
      summaryTable([result], "t"),
      distributionPlot([result, result]),
    ]) {
      expect(isView(view)).toBe(true);
      expect(JSON.parse(JSON.stringify(view))).toEqual(view);
    }
    expect(result.histogram().series[0]!.y.reduce((sum: number, count) => sum + Number(count), 0)).toBe(50);
    expect(result.histogram().caption).toContain("seed 12");
  });
});

describe("the price of a format", () => {
  const setting = (): Parameters<typeof compareDevices>[0] => {
    const here = disk(createWorld({ seed: 12 }), "hdd-7200");
    const [files, bare] = here.partition([{ size: MiB(400) }, { size: MiB(128) }]);
    const size = MiB(64);
    const raw = files!.image({ name: "raw", format: "raw", size, preallocation: "full" });
    const ordered = files!.image({ name: "ordered", size });
    ordered.fill();
    const shuffled = files!.image({ name: "shuffled", size });
    shuffled.fill({ order: "random" });
    const little = files!.image({ name: "little", size, clusterSize: KiB(4), l2Cache: KiB(4) });
    little.fill();
    return { bare: bare!, raw, ordered, shuffled, little };
  };
  const means = (comparison: ReturnType<typeof compareDevices>, at: number): Record<string, number> =>
    Object.fromEntries(
      comparison.results.filter((entry) => entry.at === at).map(({ name, result }) => [name, result.mean]),
    );

  it("comes out of the mechanism: none for raw, tables for a small cache, seeks for clusters out of order", () => {
    const options = { count: 100, length: MiB(64), blockSizes: [KiB(4), KiB(1024)] };
    const random = compareDevices(setting(), options);
    const small = means(random, 4);
    expect(small["raw"]! / small["bare"]!).toBeCloseTo(1, 1);
    expect(small["ordered"]! / small["raw"]!).toBeCloseTo(1, 1);
    expect(small["little"]! / small["raw"]!).toBeGreaterThan(1.6);
    expect(small["shuffled"]! / small["raw"]!).toBeCloseTo(1, 1);
    const large = means(random, 1024);
    expect(large["ordered"]! / large["raw"]!).toBeCloseTo(1, 1);
    // Sixteen clusters in sixteen places.
    expect(large["shuffled"]! / large["raw"]!).toBeGreaterThan(3);
    const sequential = compareDevices(setting(), { ...options, pattern: "sequential", count: 50 });
    expect(means(sequential, 1024)["ordered"]! / means(sequential, 1024)["raw"]!).toBeCloseTo(1, 1);
    expect(means(sequential, 1024)["shuffled"]! / means(sequential, 1024)["raw"]!).toBeGreaterThan(4);
    for (const comparison of [random, sequential]) {
      expect(JSON.parse(JSON.stringify(comparison.view()))).toEqual(comparison.view());
      expect(isView(comparison.throughput())).toBe(true);
      expect(comparison.table().rows).toHaveLength(10);
      expect(comparison.view().series.map(({ name }) => name)).toEqual([
        "bare",
        "raw",
        "ordered",
        "shuffled",
        "little",
      ]);
    }
  });

  it("is nothing to compare without devices", () => {
    expect(() => compareDevices({})).toThrow(usage("nothing to compare"));
  });
});

describe("orders of service", () => {
  it("part under load: the elevator moves less and answers sooner", () => {
    const { runs, results } = compareSchedulers(
      { profile: "hp-97560" },
      { schedulers: ["fifo", "look"], rates: [10, 40], count: 1000 },
    );
    const find = <T extends { name: string; at: number }>(list: readonly T[], name: string, at: number): T =>
      list.find((entry) => entry.name === name && entry.at === at)!;
    const ratio = (at: number): number => find(results, "fifo", at).result.mean / find(results, "look", at).result.mean;
    expect(ratio(10)).toBeCloseTo(1, 1);
    expect(ratio(40)).toBeGreaterThan(1.4);
    expect(find(runs, "look", 40).distance).toBeLessThan(0.9 * find(runs, "fifo", 40).distance);
  });

  it("are drawn", () => {
    const comparison = compareSchedulers({ profile: "hp-97560" }, { rates: [10, 20], count: 20 });
    for (const view of [comparison.view(), comparison.movement()]) {
      expect(view.series.map(({ name }) => name)).toEqual(["fifo", "look"]);
      expect(JSON.parse(JSON.stringify(view))).toEqual(view);
    }
  });
});

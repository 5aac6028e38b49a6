import { describe, expect, test } from "vitest";
import { comparison, MiB } from "../../../sim/lab/index.js";

describe("a service in containers and in virtual machines", () => {
  const footprint = comparison.footprint({ counts: [1, 8] });

  test("containers start and stop in a hundredth of the time, however many there are", () => {
    for (const count of [1, 8]) {
      const [container, vm] = [footprint.of("container", count), footprint.of("virtual machine", count)];
      expect(container.start * 20).toBeLessThan(vm.start);
      expect(container.stop * 5).toBeLessThan(vm.stop);
    }
  });

  test("containers share their image's file; a guest has a kernel and files of its own, and its monitor", () => {
    const each = footprint.of("container", 8).memory - footprint.of("container", 1).memory;
    expect(each / 7).toBeLessThan(MiB(8) + MiB(0.1));
    expect(footprint.of("container", 1).memory).toBe(MiB(8) + 6e6);
    const more = (footprint.of("virtual machine", 8).memory - footprint.of("virtual machine", 1).memory) / 7;
    expect(more).toBeGreaterThan(MiB(131) + 9220 * 4096 + MiB(8) + 6e6);
  });

  test("views have units, and a trial that wasn't made is refused", () => {
    expect(footprint.start().series.map(({ name }) => name)).toEqual(["containers", "virtual machines"]);
    expect(footprint.stop().y.unit).toBe("s");
    expect(footprint.memory().y.unit).toBe("MiB");
    expect(footprint.view().rows).toHaveLength(4);
    expect(() => footprint.of("container", 3)).toThrow("no trial of 3");
    expect(() => comparison.footprint({ conts: [1] } as object)).toThrow('no option "conts"');
  });
});

test("density ends by the host's oom killer, whose victims are services, or monitors with their guests", () => {
  const density = comparison.density({ memory: MiB(512), monitor: "firecracker" });
  expect(density.held("container")).toBe(64);
  expect(density.held("virtual machine")).toBeGreaterThan(6);
  expect(density.held("virtual machine")).toBeLessThan(14);
  expect(density.rows.map(({ end }) => end)).toEqual([
    "the oom killer took redis-server",
    "the oom killer took kvm guest1",
  ]);
});

describe("Felter et al. 2014", () => {
  const felter = comparison.felter();

  test("the orderings are the published ones", () => {
    for (const benchmark of ["stream", "random read", "random write"] as const) {
      expect(felter.ratio(benchmark, "container")).toBeCloseTo(1, 2);
      expect(felter.ratio(benchmark, "virtual machine")).toBeLessThan(0.9999);
    }
    // Of what is measured, a virtual machine loses most where every operation leaves it.
    const lost = felter.ratio("stream", "virtual machine");
    expect(felter.ratio("random read", "virtual machine")).toBeLessThan(lost);
    expect(felter.ratio("round trip", "container")).toBeLessThan(felter.ratio("round trip", "container behind NAT"));
    expect(felter.ratio("round trip", "container behind NAT")).toBeLessThan(
      felter.ratio("round trip", "virtual machine"),
    );
    expect(felter.ratio("system call", "virtual machine")).toBeLessThan(1.1);
  });

  test("streams and the drive are within a factor of two of the published ratios; round trips aren't", () => {
    for (const { benchmark, place, ratio, published } of felter.rows) {
      if (published === undefined) continue;
      const off = Math.max(ratio / published, published / ratio);
      if (benchmark === "round trip" && place === "virtual machine") expect(off).toBeGreaterThan(2);
      else expect(off).toBeLessThan(2);
    }
  });

  test("it is the exits that a drive in a guest is slower by", () => {
    const at = (hardwareExit: number): number =>
      comparison
        .felter({
          benchmarks: ["random read"],
          places: ["native", "virtual machine"],
          processor: { hertz: 2.93e9, costs: { hardwareExit } },
        })
        .ratio("random read", "virtual machine");
    expect(at(6000)).toBeLessThan(at(2000));
    expect(at(2000)).toBeLessThan(at(667));
  });
});

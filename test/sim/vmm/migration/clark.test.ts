import { describe, expect, test } from "vitest";
import { KiB, MiB, ms, us } from "../../../../sim/core/index.js";
import {
  create,
  geometricRounds,
  guests,
  migrate,
  preCopyRules,
  workingSet,
  writer,
  type Migration,
  type MigrationOptions,
  type Vmm,
  type WriterOptions,
} from "../../../../sim/vmm/index.js";

const host = (options: Partial<WriterOptions>): Vmm =>
  create("trap-and-emulate", { guest: writer({ memory: MiB(1), filled: 200, ...options }) });

/** Moves a writer that has filled its pages. */
function move(writes: Partial<WriterOptions>, options: Partial<MigrationOptions>): Migration {
  const source = host(writes).run({ instructions: 30_000 });
  return migrate(source, { to: host(writes), ...options });
}

const idle = { hot: 1, pause: 1_000_000 };
const busy = { hot: 60, pause: 500 };

describe("Clark et al. 2005", () => {
  test("pre-copy: the guest stands for a fraction of stop-and-copy's time, and more is sent (section 3)", () => {
    const stop = move(busy, { method: "stop-and-copy" });
    const live = move(busy, { rule: preCopyRules.xen({ pages: 10 }) });
    expect(stop.downtime).toBeGreaterThan(0.99 * stop.total);
    expect(live.downtime).toBeLessThan(stop.downtime / 2);
    expect(live.total).toBeGreaterThan(stop.total);
    expect(live.bytes).toBeGreaterThan(stop.bytes);
  });

  test("the last round is the writable working set: what is written all the time is sent in vain (section 4.2)", () => {
    const results = [10, 30, 60, 120].map((hot) => {
      const done = move({ hot, pause: 100 }, { rule: preCopyRules.xen({ pages: 5 }) });
      return { hot, last: done.rounds.at(-1)?.pages ?? 0, downtime: done.downtime };
    });
    for (const { hot, last } of results) {
      expect(last).toBeGreaterThanOrEqual(hot);
      expect(last).toBeLessThanOrEqual(hot + 4);
    }
    const downtimes = results.map(({ downtime }) => downtime);
    expect(downtimes).toEqual([...downtimes].sort((a, b) => a - b));
  });

  test("downtime and total fall with the link's rate", () => {
    const done = [100e6, 300e6, 1e9, 3e9].map((rate) => move(busy, { rate, rule: preCopyRules.xen({ pages: 10 }) }));
    for (let at = 1; at < done.length; at++) {
      expect(done[at]?.downtime).toBeLessThan(done[at - 1]?.downtime ?? 0);
      expect(done[at]?.total).toBeLessThan(done[at - 1]?.total ?? 0);
    }
  });

  test("adaptive rate: each round at what was dirtied and 50 Mb/s more, stop below 256 KiB or above 500 Mb/s (section 5.3)", () => {
    const quiet = move(idle, { rule: preCopyRules.clark() });
    expect(quiet.reason).toContain("262144");
    const [first, last] = [quiet.rounds[0], quiet.rounds.at(-1)];
    const rateOf = (round = first): number =>
      round === undefined ? 0 : (8e9 * round.bytes) / (round.ended - round.began);
    expect(rateOf() / 1e6).toBeCloseTo(100, 0);
    expect(rateOf(last) / 1e9).toBeCloseTo(1, 1);
    const wild = move({ hot: 150, pause: 10 }, { rule: preCopyRules.clark() });
    expect(wild.reason).toContain("highest rate");
    const rising = move({ hot: 150, pause: 900 }, { rule: preCopyRules.clark({ least: KiB(8) }) });
    for (const [index, round] of rising.rounds.entries()) {
      const before = rising.rounds[index - 1];
      if (before === undefined || !round.running || round.pages < 4) continue;
      const expected = Math.max(100e6, before.dirtyRate * 4096 * 8 + 50e6);
      expect(rateOf(round) / expected).toBeGreaterThan(0.97);
      expect(rateOf(round) / expected).toBeLessThan(1.03);
    }
    expect(rising.rounds.length).toBeGreaterThan(2);
  });

  test("rounds shrink as M·λⁱ while the guest writes pages that it had not written, and no further than its working set", () => {
    const rate = 1e9;
    const source = host({ hot: 180, pause: 58_000 }).run({ instructions: 30_000 });
    const done = migrate(source, {
      to: host({ hot: 180, pause: 58_000 }),
      rate,
      skip: false,
      zeroPages: false,
      rule: preCopyRules.xen({ pages: 2, rounds: 8 }),
    });
    const [first, second] = done.rounds;
    const lambda = (second?.pages ?? 0) / (first?.pages ?? 1);
    expect(lambda).toBeGreaterThan(0.05);
    expect(lambda).toBeLessThan(0.6);
    const model = geometricRounds(first?.pages ?? 0, lambda, done.rounds.length);
    done.rounds.slice(0, 3).forEach(({ pages }, round) => {
      expect(Math.abs(pages - (model[round] ?? 0))).toBeLessThanOrEqual(Math.max(2, 0.15 * pages));
    });
    // Ten pages again and again: each round finds all ten, where the model would have none left.
    const hot = move({ hot: 10, pause: 100 }, { rule: preCopyRules.xen({ pages: 1, rounds: 6 }), skip: false });
    expect(hot.rounds.slice(1, 5).every(({ dirtied }) => dirtied === 10)).toBe(true);
  });

  test("a working set levels off at the pages that are written again and again", () => {
    const source = host({ hot: 12, pause: 2000, sweep: 0 }).run({ instructions: 30_000 });
    const set = workingSet(source.machine, { interval: us(20), samples: 64 });
    const pages = set.curve().map((each) => each.pages);
    expect(pages).toEqual([...pages].sort((a, b) => a - b));
    expect(pages[0]).toBeLessThan(12);
    expect(pages.at(-1)).toBe(12);
    expect(set.rate(64)).toBeLessThan(set.rate(1));
    expect(set.view().series[0]?.y).toEqual(pages);
  });
});

describe("other rules", () => {
  test("Xen: fewer than 50 pages, or five rounds; its first tools: 29 rounds or three times the memory", () => {
    expect(move(idle, { rule: preCopyRules.xen() }).reason).toContain("fewer than 50 pages");
    const five = move(busy, { rule: preCopyRules.xen() });
    expect(five.reason).toContain("5 rounds");
    expect(five.rounds).toHaveLength(6);
    const old = move({ hot: 30, pause: 50 }, { rule: preCopyRules.xen2005({ pages: 5 }) });
    expect(old.reason).toContain("29 rounds");
    const much = move({ hot: 150, pause: 50 }, { rule: preCopyRules.xen2005(), skip: false });
    expect(much.reason).toContain("3 times");
  });

  test("QEMU: within the downtime that is allowed, or never; auto-converge gets there by throttling", () => {
    const within = { downtime: us(800), rounds: 25 };
    const never = move({ hot: 150, pause: 200 }, { rule: preCopyRules.qemu(within), skip: false });
    expect(never.reason).toContain("given up");
    const done = move(
      { hot: 150, pause: 200 },
      { rule: preCopyRules.qemu({ ...within, autoConverge: true }), skip: false },
    );
    expect(done.reason).toContain("downtime allowed");
    const throttles = done.rounds.filter(({ running }) => running).map(({ throttle }) => throttle);
    expect(throttles).toEqual([...throttles].sort((a, b) => a - b));
    expect(throttles.at(-1)).toBeGreaterThan(0.5);
    // Of the measured rate, what is left takes what was allowed; harts and devices come on top.
    expect(done.downtime).toBeLessThan(us(800) * 2);
  });
});

describe("post-copy (Hines & Gopalan 2009)", () => {
  test("each page is sent once, and the downtime doesn't depend on the memory", () => {
    const done = [0.5, 1, 4].map((memory) =>
      move({ ...busy, filled: 60, memory: MiB(memory) }, { method: "post-copy", zeroPages: false }),
    );
    const [small, , large] = done;
    expect(large?.downtime).toBe(small?.downtime);
    expect(large?.total).toBeGreaterThan(4 * (small?.total ?? Infinity));
    for (const [index, migration] of done.entries()) {
      const asked = migration.faults.filter((fault) => fault.asked).length;
      expect(migration.pushed + asked).toBe([128, 256, 1024][index]);
    }
  });

  test("the guest waits for what it touches first, and less the faster the link", () => {
    const slow = move(busy, { method: "post-copy", latency: ms(1) });
    const fast = move(busy, { method: "post-copy", latency: us(10) });
    expect(slow.faults.length).toBeGreaterThan(3);
    expect(fast.waited).toBeLessThan(slow.waited);
    expect(slow.waited).toBeGreaterThan(slow.faults.filter(({ asked }) => asked).length * ms(2));
    expect(new Set(slow.faults.map(({ page }) => page)).size).toBe(slow.faults.length);
  });
});

describe("what a migration needs", () => {
  const source = create("trap-and-emulate", { guest: guests.tiny });

  test("a destination that can take the guest", () => {
    expect(() => migrate(source)).toThrow("needs a destination");
    expect(() => migrate(source, { to: source })).toThrow("needs a destination");
    const large = create("trap-and-emulate", { guest: guests.tiny, machine: { memory: MiB(1) } });
    expect(() => migrate(source, { to: large })).toThrow("bytes of memory");
    expect(() => migrate(source, { to: create("paravirtualization", { guest: guests.tiny }) })).toThrow("ported");
    expect(() => migrate(source, { to: create("trap-and-emulate", { guest: guests.block }) })).toThrow("disks");
  });

  test("a known method and a link", () => {
    const to = create("trap-and-emulate", { guest: guests.tiny });
    // @ts-expect-error: there is no such method
    expect(() => migrate(source, { to, method: "quantum" })).toThrow("no method");
    expect(() => migrate(source, { to, rate: 0 })).toThrow("no rate");
    expect(() => writer({ hot: 0 })).toThrow("hot pages");
  });

  test("no technique in common: trap and emulate's guest goes on under binary translation", () => {
    const from = create("trap-and-emulate", { guest: guests.processes }).run({ instructions: 40_000 });
    const to = create("binary-translation", { guest: guests.processes });
    expect(migrate(from, { to }).outcome).toBe("completed");
    to.run();
    const twin = create("trap-and-emulate", { guest: guests.processes }).run();
    expect(to.machine.machine.save()).toEqual(twin.machine.machine.save());
  });
});

test("views: rounds as a table and bars, where the guest was, what it got done", () => {
  const done = move(busy, { follow: ms(2) });
  const { rows } = done.table();
  expect(rows).toHaveLength(done.rounds.length);
  expect(rows.at(-1)?.["guest"]).toBe("stands");
  expect(done.plot().series[0]?.y).toEqual(done.rounds.map(({ pages }) => pages));
  const [at, link, there] = done.timeline().lanes;
  expect(at?.spans.map(({ label }) => label)).toEqual(["runs", "stands"]);
  expect(link?.spans).toHaveLength(done.rounds.length);
  expect(there?.spans.map(({ label, to, from }) => [label, Math.round(to - from)])).toEqual([["runs", 2]]);
  expect(done.service().series.map(({ name }) => name)).toEqual(["at the source", "at the destination"]);
  const after = move(busy, { method: "post-copy" });
  expect(after.timeline().lanes[2]?.spans.some(({ label }) => label === "waits for a page")).toBe(true);
  expect(after.service().series.map(({ name }) => name)).toEqual(["at the source", "at the destination"]);
  expect(after.view().views).toHaveLength(2);
  expect(done.row["outcome"]).toBe("completed");
});

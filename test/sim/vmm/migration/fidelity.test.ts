import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MiB, ms, us } from "../../../../sim/core/index.js";
import {
  create,
  guests,
  migrate,
  migrationMethods,
  preCopyRules,
  techniques,
  writer,
  type Guest,
  type Technique,
} from "../../../../sim/vmm/index.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const small = writer({ filled: 40, hot: 6, pause: 40, sweep: 3, writes: 2000, memory: MiB(0.5) });
const candidates: readonly Guest[] = [guests.processes, guests.timer, guests.paging, guests.block, small];
const byName = new Map(candidates.map((guest) => [guest.name, guest]));
const rules = [
  preCopyRules.xen({ pages: 4 }),
  preCopyRules.xen2005({ pages: 2 }),
  preCopyRules.clark({ least: 4096 }),
  preCopyRules.qemu({ downtime: us(200), autoConverge: true, rounds: 12 }),
];

/** Those of the guests that a technique runs. */
const runs = (technique: Technique, guest: Guest): boolean =>
  technique.runsPorts !== true || guest.ported !== undefined;

describe.each(techniques)("$name", (technique) => {
  const those = candidates.filter((guest) => runs(technique, guest));

  describe.each(migrationMethods)("%s", (method) => {
    test("a guest that was moved at any moment is its unmoved twin, byte for byte", () => {
      const cases = fc.record({
        guest: fc.constantFrom(...those.map(({ name }) => name)),
        moment: fc.integer({ min: 0, max: 60_000 }),
        rule: fc.nat({ max: rules.length - 1 }),
        rate: fc.constantFrom(50e6, 400e6, 5e9),
        latency: fc.constantFrom(0, 1000, 300_000),
        zeroPages: fc.boolean(),
        skip: fc.boolean(),
        slice: fc.constantFrom(50, 1000, 10_000),
        after: fc.integer({ min: 0, max: 30_000 }),
      });
      let moved = 0;
      fc.assert(
        fc.property(cases, ({ guest: name, rule: number, moment, after, latency, ...options }) => {
          const guest = byName.get(name) ?? small;
          const rule = rules[number] ?? preCopyRules.xen();
          const source = create(technique, { guest }).run({ instructions: moment });
          const to = create(technique, { guest });
          const done = migrate(source, { to, method, latency: us(latency / 1000), rule, ...options });
          expect(done.outcome).toBe("completed");
          const twin = create(technique, { guest }).run({ instructions: to.instructions });
          expect(to.machine.machine.save()).toEqual(twin.machine.machine.save());
          to.run({ instructions: after });
          twin.run({ instructions: after });
          expect(to.machine.machine.save()).toEqual(twin.machine.machine.save());
          moved++;
        }),
        { numRuns: long ? 60 : 3, seed: 6 },
      );
      expect(moved).toBeGreaterThan(0);
    });
  });

  test("where the link is cut, the guest is whole at one host, or declared lost", () => {
    const guest = those.at(-1) ?? small;
    const outcomes = new Set<string>();
    for (const method of migrationMethods) {
      for (const cut of long ? [0, 1, 3, 5, 8, 11, 14, 60] : [0, 9, 60]) {
        const source = create(technique, { guest }).run({ instructions: 20_000 });
        const to = create(technique, { guest });
        const done = migrate(source, {
          to,
          method,
          cut: ms(cut),
          timeout: ms(2),
          rate: 100e6,
          rule: preCopyRules.xen(),
        });
        outcomes.add(`${method} ${done.outcome}`);
        if (done.outcome === "lost") {
          expect(method).toBe("post-copy");
          expect(source.machine.ended).toEqual({ kind: "interrupted" });
          expect(to.machine.ended).toEqual({ kind: "interrupted" });
          continue;
        }
        const [one, other] = done.outcome === "completed" ? [to, source] : [source, to];
        expect(other.machine.ended?.kind).toBe("interrupted");
        const twin = create(technique, { guest }).run({ instructions: one.instructions });
        expect(one.machine.machine.save()).toEqual(twin.machine.machine.save());
        one.run({ instructions: 1000 });
        twin.run({ instructions: 1000 });
        expect(one.machine.machine.save()).toEqual(twin.machine.machine.save());
      }
    }
    const kinds = [
      "pre-copy failed",
      "pre-copy completed",
      "post-copy failed",
      "post-copy lost",
      "post-copy completed",
    ];
    expect([...outcomes]).toEqual(expect.arrayContaining(kinds));
    expect(outcomes.has("pre-copy lost")).toBe(false);
  });
});

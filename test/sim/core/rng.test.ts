import { describe, expect, test } from "vitest";
import { Rng, UsageError } from "../../../sim/core/index.js";

const draw = (rng: Rng, count: number): number[] => Array.from({ length: count }, () => rng.uint32());

describe("the generator", () => {
  test("gives the bits of xoshiro128**", () => {
    // The reference program's first numbers from state 1, 2, 3, 4, which other implementations are tested by too.
    const rng = new Rng(0);
    rng.restore({ bits: [1, 2, 3, 4], streams: {} });
    expect(draw(rng, 10)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  test("gives these numbers for these seeds, on every machine and in every release", () => {
    // The whole numbers were worked out with a program in another language as well.
    expect(draw(new Rng(0), 3)).toEqual([1711914115, 1266956387, 1088511453]);
    expect(draw(new Rng(7), 3)).toEqual([4197775148, 70923353, 3901768145]);
    expect(draw(new Rng(7).stream("disk"), 3)).toEqual([3326297946, 1605430205, 2200568621]);
    expect(draw(new Rng(7).stream("disk").stream("arm"), 3)).toEqual([1388383638, 488732892, 3270199871]);
    const rng = new Rng(7);
    expect([rng.uniform(), rng.exponential(1), rng.normal(), rng.lognormal(0, 1), rng.pareto(2, 1)]).toEqual([
      0.9773706869521225, 1.3314475704818678, -0.6539242873562708, 0.9047349982614513, 1.1817698954512088,
    ]);
    expect([rng.poisson(3), rng.poisson(300), rng.geometric(0.01), rng.zipf(1000, 1.1), rng.integer(1e12)]).toEqual([
      3, 319, 3, 19, 387683583249,
    ]);
  });

  test("passes a test of its bits: each of 32 is set half of the time, and two neighbours are independent", () => {
    const rng = new Rng(5);
    const set = new Array<number>(32).fill(0);
    const runs = new Array<number>(31).fill(0);
    const count = 100_000;
    for (let n = 0; n < count; n++) {
      const word = rng.uint32();
      for (let bit = 0; bit < 32; bit++) {
        set[bit]! += (word >>> bit) & 1;
        if (bit < 31) runs[bit]! += ((word >>> bit) ^ (word >>> (bit + 1))) & 1;
      }
    }
    // 4.5 standard deviations of a binomial.
    for (const ones of [...set, ...runs]) expect(Math.abs(ones - count / 2)).toBeLessThan(4.5 * Math.sqrt(count / 4));
  });

  test.each([0.5, NaN, 2 ** 53, "7" as unknown as number])("takes no seed like %s", (seed) => {
    expect(() => new Rng(seed)).toThrow(UsageError);
  });

  test("takes negative and large seeds, each its own", () => {
    const seeds = [0, 1, -1, 2 ** 52, 2 ** 32, 2 ** 32 + 1];
    expect(new Set(seeds.map((seed) => new Rng(seed).uint32())).size).toBe(seeds.length);
  });
});

describe("a stream", () => {
  test("depends on the seed and its name alone", () => {
    const alone = draw(new Rng(7).stream("disk"), 5);
    const busy = new Rng(7);
    draw(busy, 100);
    draw(busy.stream("net"), 50);
    expect(draw(busy.stream("disk"), 5)).toEqual(alone);
    expect(draw(new Rng(8).stream("disk"), 5)).not.toEqual(alone);
  });

  test("goes on where it was, each time it is asked for", () => {
    const rng = new Rng(7);
    expect(rng.stream("disk")).toBe(rng.stream("disk"));
    expect([rng.stream("disk").uint32(), rng.stream("disk").uint32()]).toEqual(draw(new Rng(7).stream("disk"), 2));
  });

  test("is told apart by the whole of its name", () => {
    const rng = new Rng(7);
    const names = ["a", "b", "", "ab", "a/b", '","', "ä", "\u0161", "a\u0000"];
    const first = [
      ...names.map((name) => rng.stream(name).uint32()),
      rng.stream("a").stream("b").uint32(),
      rng.uint32(),
    ];
    expect(new Set(first).size).toBe(names.length + 2);
  });

  test("is not correlated with another", () => {
    const count = 50_000;
    const [a, b] = [new Rng(1).stream("a"), new Rng(1).stream("b")];
    let sum = 0;
    for (let n = 0; n < count; n++) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5) * 12;
    // The correlation's standard deviation is 1/√n.
    expect(Math.abs(sum / count)).toBeLessThan(4 / Math.sqrt(count));
  });
});

describe("save and restore", () => {
  test("go on exactly, streams included", () => {
    const rng = new Rng(7);
    draw(rng, 3);
    rng.stream("disk").normal();
    rng.stream("net").stream("eth0").uint32();
    const saved = JSON.parse(JSON.stringify(rng.save())) as ReturnType<Rng["save"]>;
    const go = (from: Rng): number[][] => [
      draw(from, 3),
      draw(from.stream("disk"), 3),
      draw(from.stream("net").stream("eth0"), 3),
      draw(from.stream("unused"), 3),
    ];
    const expected = go(rng);
    rng.restore(saved);
    expect(go(rng)).toEqual(expected);
    const other = new Rng(7);
    other.restore(saved);
    expect(go(other)).toEqual(expected);
  });

  test("refuse what is no state", () => {
    expect(() => {
      new Rng(7).restore({ bits: [0, 0, 0, 0], streams: {} });
    }).toThrow(UsageError);
    expect(() => {
      new Rng(7).restore({ bits: [1], streams: {} });
    }).toThrow(UsageError);
  });
});

import { KiB, ms, type Nanos } from "../../core/index.js";
import { pageSize } from "../privileged.js";

/** What is known when a round of pre-copy is over. */
export interface RoundEnd {
  /** Rounds so far. */
  readonly round: number;
  /** Pages of the guest's memory, and pages sent so far. */
  readonly memory: number;
  readonly sent: number;
  /** Pages written since the round began, and how many that is in a second. */
  readonly dirty: number;
  readonly dirtyRate: number;
  /** Pages that the round sent, and their bits a second as they were sent. */
  readonly sentNow: number;
  readonly rate: number;
}

export interface Decision {
  /** Why the guest is stopped now and the rest is sent; undefined for a further round. */
  readonly stop?: string;
  /** Bits per second for the next round; the link's where absent. */
  readonly pace?: number;
  /** The share of time that the guest's processor is kept from it from now on. */
  readonly throttle?: number;
}

/** When pre-copy stops the guest, and how fast it sends before. */
export interface PreCopyRule {
  readonly name: string;
  /** Whose rule it is, and where it stands. */
  readonly source: string;
  /** Bits per second of the first round; the link's where absent. */
  readonly firstPace?: number;
  /** Begins a migration. @returns what decides at the end of each round */
  begin(): (end: RoundEnd) => Decision;
}

/**
 * Clark et al. 2005, section 5.3: the first round is sent at the lowest rate, each other at what the guest dirtied in the round before and a
 * step more; when that would be above the highest, or little is left, the guest is stopped. The final round takes the link's rate.
 */
function clark({
  lowest = 100e6,
  step = 50e6,
  highest = 500e6,
  least = KiB(256),
}: {
  readonly lowest?: number;
  readonly step?: number;
  readonly highest?: number;
  readonly least?: number;
} = {}): PreCopyRule {
  return {
    name: "Clark",
    source: "Clark et al., NSDI 2005, section 5.3",
    firstPace: lowest,
    begin:
      () =>
      ({ dirty, dirtyRate }) => {
        if (dirty * pageSize < least) return { stop: `less than ${least} bytes are left` };
        const pace = Math.max(lowest, dirtyRate * pageSize * 8 + step);
        return pace > highest ? { stop: "dirtied faster than the highest rate sends" } : { pace };
      },
  };
}

type Limits = (given?: { readonly pages?: number; readonly rounds?: number; readonly factor?: number }) => PreCopyRule;

/** The limits of Xen's tools, older and newer: so few pages, so many rounds, so many times the memory. */
function limits(
  name: string,
  source: string,
  usual: { readonly pages: number; readonly rounds: number; readonly factor: number },
): Limits {
  return (given = {}) => {
    const { pages, rounds, factor } = { ...usual, ...given };
    return {
      name,
      source,
      begin:
        () =>
        ({ round, dirty, sent, memory }) => {
          if (dirty < pages) return { stop: `fewer than ${pages} pages are dirty` };
          if (round >= rounds) return { stop: `${rounds} rounds are over` };
          if (sent > factor * memory) return { stop: `more than ${factor} times the memory was sent` };
          return {};
        },
    };
  };
}

/**
 * QEMU's: until the rest can be sent within the downtime that is allowed, at the rate measured; a guest that doesn't get there is throttled where
 * auto-converge is on: first by 20 % of its time, then by 10 % more, when for two rounds it has dirtied more than half of what was sent.
 */
function qemu({
  downtime = ms(300),
  autoConverge = false,
  trigger = 0.5,
  initial = 0.2,
  increment = 0.1,
  most = 0.99,
  rounds = 1000,
}: {
  readonly downtime?: Nanos;
  readonly autoConverge?: boolean;
  readonly trigger?: number;
  readonly initial?: number;
  readonly increment?: number;
  readonly most?: number;
  /** QEMU goes on for ever; here somebody gives up after so many, and the guest is stopped. */
  readonly rounds?: number;
} = {}): PreCopyRule {
  return {
    name: autoConverge ? "QEMU, auto-converge" : "QEMU",
    source: "QEMU, migration/migration.c and ram.c; defaults of qapi/migration.json",
    begin() {
      let throttle = 0;
      let high = 0;
      return ({ round, dirty, sentNow, rate }) => {
        if ((dirty * pageSize * 8e9) / rate <= downtime) return { stop: "the rest fits into the downtime allowed" };
        if (round >= rounds) return { stop: `given up after ${rounds} rounds` };
        if (!autoConverge) return {};
        if (dirty > trigger * sentNow && ++high >= 2) {
          high = 0;
          throttle = throttle === 0 ? initial : Math.min(most, throttle + increment);
        }
        return { throttle };
      };
    },
  };
}

/** Pre-copy's rules. Each is a function of its parameters, all of which have the named tool's values where they aren't given. */
export const preCopyRules: {
  readonly clark: typeof clark;
  readonly xen2005: Limits;
  readonly xen: Limits;
  readonly qemu: typeof qemu;
} = {
  clark,
  /** Xen's first tools (xc_linux_save.c, 2005–2015). */
  xen2005: limits("Xen 2005", "Xen 2 to 4.5, tools/libxc/xc_linux_save.c", { pages: 50, rounds: 29, factor: 3 }),
  /** Today's (simple precopy policy of tools/libs/guest/xg_sr_save.c). */
  xen: limits("Xen", "Xen 4.6 on, tools/libs/guest/xg_sr_save.c", { pages: 50, rounds: 5, factor: Infinity }),
  qemu,
};

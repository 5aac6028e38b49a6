import {
  formatBytes,
  formatDuration,
  plot,
  type Column,
  type GroupView,
  type LanesView,
  type PlotView,
  type Row,
  type Series,
  type Span,
  type TableView,
  type Viewable,
} from "../../core/index.js";
import { pageSize } from "../privileged.js";
import type { VirtualMachine } from "../virtual-machine.js";
import type { Progress } from "./hosted-guest.js";
import type { MigrationMethod, MigrationOptions } from "./options.js";
import type { Fault, Report, Round } from "./report.js";

/** What a migration was: where the guest is now, what went over the link, and for how long it stood. Times in nanoseconds. */
export class Migration implements Viewable {
  readonly method: MigrationMethod;
  /** "completed": at the destination; "failed": it goes on at the source; "lost": it is at neither as a whole. */
  readonly outcome: "completed" | "failed" | "lost";
  /** Why the guest was stopped when it was, or what went wrong. */
  readonly reason: string;
  /** How long it stood between the two hosts. What it waits for pages afterwards isn't in it: see `waited`. */
  readonly downtime: number;
  /** From the first byte to when nothing of it is needed at the source any more. */
  readonly total: number;
  /** On the wire, both ways, headers included. */
  readonly bytes: number;
  readonly rounds: readonly Round[];
  /** Post-copy: pages that the guest wanted before they had come. */
  readonly faults: readonly Fault[];
  readonly pushed: number;
  /** How far the guest was, and when. */
  readonly progress: readonly Progress[];
  readonly #name: string;
  readonly #caption: string;
  readonly #began: number;
  readonly #report: Report;

  constructor(vm: VirtualMachine, technique: string, options: MigrationOptions, report: Report) {
    const { method, outcome, reason, rounds, faults, pushed, progress, bytes, began, ended, stopped, resumed } = report;
    this.method = method;
    this.outcome = outcome;
    this.reason = reason;
    this.downtime = stopped === undefined ? 0 : (resumed ?? ended) - stopped;
    this.total = ended - began;
    this.bytes = bytes;
    this.rounds = rounds;
    this.faults = faults;
    this.pushed = pushed;
    this.progress = progress;
    this.#name = vm.name;
    this.#began = began;
    this.#report = report;
    const rule = method === "pre-copy" ? `, rule: ${options.rule.name}` : "";
    const memory = formatBytes(vm.machine.bus.ramSize);
    this.#caption = `${technique}; ${memory} of memory, link of ${options.rate / 1e6} Mb/s and ${formatDuration(options.latency)}${rule}`;
  }

  /** Nanoseconds that the guest waited at the destination, for all pages together. */
  get waited(): number {
    return this.faults.reduce((sum, { waited }) => sum + waited, 0);
  }

  /** The results on one line, beside other migrations'. */
  get row(): Readonly<Record<string, string | number>> {
    return {
      method: this.method,
      outcome: this.outcome,
      rounds: this.rounds.length,
      downtime: ms(this.downtime),
      total: ms(this.total),
      sent: Number((this.bytes / 1024).toFixed(1)),
      faults: this.faults.length,
      waited: ms(this.waited),
      reason: this.reason,
    };
  }

  /** What each round sent, and what the guest wrote meanwhile. Columns that have nothing to say are left out. */
  table(): TableView {
    const rows: Row[] = this.rounds.map((each) => {
      const { round, running, pages, zeros, skipped, bytes, began, ended, dirtied, dirtyRate, throttle } = each;
      return {
        round,
        guest: running ? "runs" : "stands",
        pages,
        zeros,
        skipped,
        sent: Number((bytes / 1024).toFixed(1)),
        time: ms(ended - began),
        rate: ended === began ? null : Number(((8e3 * bytes) / (ended - began)).toFixed(1)),
        dirtied: running ? dirtied : null,
        dirtyRate: running ? Number(((dirtyRate * pageSize * 8) / 1e6).toFixed(1)) : null,
        throttle: running ? Math.round(100 * throttle) : null,
      };
    });
    return {
      as: "table",
      title: `Rounds of ${this.method} of ${this.#name}: ${this.outcome}`,
      columns: columns.filter(({ key }) => !optional.includes(key) || tells(rows, key)),
      rows,
      caption: `${this.reason}; downtime ${formatDuration(this.downtime)}, total ${formatDuration(this.total)}`,
    };
  }

  /** The rounds as bars: what was sent, what was written meanwhile. */
  plot(): PlotView {
    const names = this.rounds.map(({ round, running }) => (running ? String(round) : `${round}, stopped`));
    return plot({
      title: "How much is left after each round?",
      caption: this.#caption,
      x: { label: "round", unit: "" },
      y: { label: "pages", unit: "" },
      series: [
        { name: "sent", mark: "bars", x: names, y: this.rounds.map(({ pages }) => pages), role: "network" },
        {
          name: "dirtied meanwhile",
          mark: "bars",
          x: names,
          y: this.rounds.map(({ dirtied, running }) => (running ? dirtied : null)),
          role: "guest",
        },
      ],
    });
  }

  /** How far the guest was, and when: flat where it stood. */
  service(): PlotView {
    const first = this.progress[0]?.instructions ?? 0;
    const seriesOf = (host: Progress["host"], role: "host" | "guest"): Series => {
      const points = thinned(this.progress.filter((each) => each.host === host));
      return {
        name: `at the ${host}`,
        mark: "line",
        x: points.map(({ time }) => (time - this.#began) / 1e6),
        y: points.map(({ instructions }) => instructions - first),
        role,
      };
    };
    return plot({
      title: "What does the guest get done during its migration?",
      caption: this.#caption,
      x: { label: "time", unit: "ms" },
      y: { label: "instructions executed", unit: "" },
      series: [seriesOf("source", "host"), seriesOf("destination", "guest")].filter(({ x }) => x.length > 0),
    });
  }

  /** Where the guest was, and what went over the link. */
  timeline(): LanesView {
    const { stopped, resumed, ended, followed } = this.#report;
    const at = (time: number): number => (time - this.#began) / 1e6;
    const span = (from: number, to: number, label: string, role: Span["role"]): Span => ({
      from: at(from),
      to: at(to),
      label,
      ...(role === undefined ? {} : { role }),
    });
    const end = stopped ?? ended;
    const back = resumed ?? ended;
    const source = end === this.#began ? [] : [span(this.#began, end, "runs", "guest")];
    const destination: Span[] = [];
    if (stopped !== undefined) source.push(span(end, back, "stands", "idle"));
    if (this.outcome === "failed" && back < followed) source.push(span(back, followed, "runs", "guest"));
    if (this.outcome !== "failed" && this.method === "post-copy") {
      let from = back;
      for (const { at: asked, waited } of this.faults) {
        if (asked > from) destination.push(span(from, asked, "runs", "guest"));
        destination.push(span(Math.max(from, asked), asked + waited, "waits for a page", "trap"));
        from = asked + waited;
      }
      if (from < followed) destination.push(span(from, followed, "runs", "guest"));
    } else if (this.outcome === "completed" && back < followed) destination.push(span(back, followed, "runs", "guest"));
    const link = this.rounds.map(({ round, began, ended: over, running }) =>
      span(began, over, running ? `round ${round}` : "the rest", "network"),
    );
    if (this.method === "post-copy" && this.outcome !== "failed") link.push(span(back, ended, "pages", "network"));
    return {
      as: "lanes",
      title: `Where is ${this.#name}, and what goes over the link?`,
      caption: this.#caption,
      x: { label: "time", unit: "ms" },
      lanes: [
        { name: "source", spans: source },
        { name: "link", spans: link },
        { name: "destination", spans: destination },
      ],
    };
  }

  view(): GroupView {
    const views = this.method === "post-copy" ? [this.timeline(), this.service()] : [this.table(), this.plot()];
    return { as: "group", views };
  }
}

const columns: readonly Column[] = [
  { key: "round" },
  { key: "guest" },
  { key: "pages", label: "pages sent" },
  { key: "zeros", label: "of zeros" },
  { key: "skipped" },
  { key: "sent", unit: "KiB" },
  { key: "time", unit: "ms" },
  { key: "rate", unit: "Mb/s" },
  { key: "dirtied", label: "dirtied" },
  { key: "dirtyRate", label: "at", unit: "Mb/s" },
  { key: "throttle", label: "held back", unit: "%" },
];
/** What not every migration has. */
const optional = ["zeros", "skipped", "rate", "dirtied", "dirtyRate", "throttle"];

/** Whether a column has anything in it; a rate, whether it isn't the link's all the time. */
function tells(rows: readonly Row[], key: string): boolean {
  const values = rows.map((row) => Number(row[key])).filter((value) => value > 0);
  return key === "rate" ? Math.max(...values) > 1.02 * Math.min(...values) : values.length > 0;
}

const ms = (nanoseconds: number): number => Number((nanoseconds / 1e6).toFixed(3));

/** A few hundred points are all that a picture shows. */
function thinned(points: readonly Progress[]): readonly Progress[] {
  const step = Math.max(1, Math.ceil(points.length / 400));
  return points.filter((_, index) => index % step === 0 || index === points.length - 1);
}

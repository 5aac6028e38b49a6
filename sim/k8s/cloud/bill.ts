import { s, type GroupView, type Nanos, type PlotView, type TableView, type Viewable } from "../../core/index.js";

/** What was rented, and for how long. */
export interface Rented {
  /** A group's name, or `load balancers`. */
  readonly item: string;
  readonly from: Nanos;
  /** Until now where it goes on. */
  readonly until: Nanos;
  /** US dollars an hour. */
  readonly price: number;
}

/** "Amazon EC2 User Guide", billing and purchasing: by the second, a minute at least. */
const leastBilled = s(60);
const hour = 3600e9;

const costOf = ({ from, until, price }: Rented): number => (Math.max(leastBilled, until - from) / hour) * price;

/** What a cluster's machines have cost: price × time, item by item. Dollars. */
export class Bill implements Viewable {
  readonly rented: readonly Rented[];
  readonly #now: Nanos;

  constructor(rented: readonly Rented[], now: Nanos) {
    this.rented = rented;
    this.#now = now;
  }

  /** US dollars. */
  get total(): number {
    return this.rented.reduce((sum, each) => sum + costOf(each), 0);
  }

  /** Of an item: US dollars. */
  of(item: string): number {
    return this.rented.reduce((sum, each) => sum + (each.item === item ? costOf(each) : 0), 0);
  }

  table(): TableView {
    const rows = this.#items.map((item) => {
      const own = this.rented.filter((each) => each.item === item);
      const hours = own.reduce((sum, { from, until }) => sum + (until - from) / hour, 0);
      return { item, rented: own.length, hours: rounded(hours, 3), cost: rounded(this.of(item), 4) };
    });
    return {
      as: "table",
      title: "What did it cost?",
      columns: [{ key: "item" }, { key: "rented" }, { key: "hours", unit: "h" }, { key: "cost", unit: "$" }],
      rows,
      caption: `${rounded(this.total, 4)} $ in ${rounded(this.#now / 60e9, 1)} min; billed by the second, a minute at least`,
    };
  }

  /** How many there were of each item, over time. */
  plot(): PlotView {
    const series = this.#items.map((item) => {
      const own = this.rented.filter((each) => each.item === item);
      const times = [...new Set([0, ...own.flatMap(({ from, until }) => [from, until]), this.#now])].sort(
        (a, b) => a - b,
      );
      // Up to the last one, which is now: what ends there goes on.
      const count = (time: number): number =>
        own.filter(({ from, until }) => from <= time && (time < until || until === this.#now)).length;
      return {
        name: item,
        mark: "steps" as const,
        x: times.map((time) => rounded(time / 60e9, 2)),
        y: times.map(count),
      };
    });
    return {
      as: "plot",
      title: "How much was rented when?",
      caption: `${rounded(this.total, 4)} $ in all`,
      x: { label: "virtual time", unit: "min" },
      y: { label: "rented", unit: "" },
      series,
    };
  }

  view(): GroupView {
    return { as: "group", views: [this.table(), this.plot()] };
  }

  get #items(): readonly string[] {
    return [...new Set(this.rented.map(({ item }) => item))].sort();
  }
}

const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits;

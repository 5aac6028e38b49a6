import type { GroupView, TableView, Viewable } from "../../core/index.js";
import { abbreviate, witnessTable, type Classification } from "./classification.js";
import { isProved, isSensitive, isUserSensitive, type Verdict } from "./definitions.js";

/** A theorem of the paper, evaluated for one machine. */
export interface Theorem {
  readonly number: 1 | 2 | 3;
  readonly promises: string;
  readonly condition: string;
  /** Whether the condition holds, for all that was tried. */
  readonly holds: boolean;
  /** The instructions that break it. */
  readonly broken: readonly Verdict[];
  /** Whether nothing was left untried. */
  readonly proved: boolean;
}

/** The three theorems for one machine. Their conditions are sufficient: where one fails, other techniques may still do. */
export class Theorems implements Viewable {
  readonly classification: Classification;
  readonly first: Theorem;
  readonly second: Theorem;
  readonly third: Theorem;

  constructor(classification: Classification) {
    this.classification = classification;
    const { verdicts } = classification;
    const unprivileged = verdicts.filter((verdict) => !verdict.privileged && !verdict.alwaysTraps);
    const sensitive = unprivileged.filter(isSensitive);
    const timed = unprivileged.filter(({ behaviour }) => behaviour.some(({ on }) => on === "time"));
    const theorem = (
      number: Theorem["number"],
      promises: string,
      condition: string,
      broken: readonly Verdict[],
    ): Theorem => ({
      number,
      promises,
      condition,
      holds: broken.length === 0,
      broken,
      proved: verdicts.every(isProved),
    });
    this.first = theorem(
      1,
      "a virtual machine monitor can be made",
      "the sensitive instructions are a subset of the privileged ones",
      sensitive,
    );
    this.second = theorem(
      2,
      "it can be virtualized recursively",
      "theorem 1, and a monitor without timing dependencies: no unprivileged instruction depends on time",
      [...new Set([...sensitive, ...timed])],
    );
    this.third = theorem(
      3,
      "a hybrid monitor can be made, which interprets all that runs in virtual supervisor mode",
      "the user-sensitive instructions are a subset of the privileged ones",
      unprivileged.filter(isUserSensitive),
    );
  }

  get all(): readonly Theorem[] {
    return [this.first, this.second, this.third];
  }

  view(): GroupView {
    const { machine, method, states, verdicts } = this.classification;
    const proved = verdicts.every(isProved);
    const table: TableView = {
      as: "table",
      title: `Popek and Goldberg's theorems for ${machine}`,
      columns: [
        { key: "theorem" },
        { key: "promises" },
        { key: "condition" },
        { key: "verdict" },
        { key: "broken", label: "broken by" },
      ],
      rows: this.all.map(({ number, promises, condition, holds, broken }) => ({
        theorem: number,
        promises,
        condition,
        verdict: holds ? (proved ? "holds: proved" : `holds: no counterexample in ${states} states`) : "fails",
        broken: abbreviate(broken.map(({ instruction }) => instruction)),
      })),
      caption: `${method}; the conditions are sufficient, not necessary`,
    };
    const broken = [...new Set(this.all.flatMap((theorem) => theorem.broken))];
    return broken.length === 0
      ? { as: "group", views: [table] }
      : { as: "group", views: [table, witnessTable(broken, machine)] };
  }
}

import { nearest, UsageError, type Row, type TableView } from "../../core/index.js";
import { aspects, type Finding } from "./facts.js";
import { probeJail } from "./freebsd-subjects.js";
import { probeFvm } from "./fvm-subjects.js";
import { linuxSubjects, probeLinux } from "./linux-subjects.js";

const subjects: ReadonlyMap<string, () => Finding> = new Map([
  ...linuxSubjects.map((one): [string, () => Finding] => [one.name, () => probeLinux(one)]),
  ["FreeBSD jail", probeJail],
  ["FVM", probeFvm],
]);

/** What was found, as a table: a row for each question, a column for each system. */
export class Isolation {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    this.findings = findings;
  }

  /** A verdict: `of("LXC", "changes the host's name")`. */
  of(subject: string, aspect: string): string {
    const finding = this.findings.find((one) => one.subject === subject);
    const question = aspects.find((one) => one.aspect === aspect);
    if (finding === undefined || question === undefined) {
      const [word, known] =
        finding === undefined ? [subject, [...subjects.keys()]] : [aspect, aspects.map((one) => one.aspect)];
      throw new UsageError(
        `there is no "${word}" in this table`,
        `Did you mean "${nearest(word, known) ?? known[0] ?? ""}"?`,
      );
    }
    return question.verdict(finding);
  }

  /** What the probes' calls gave, before anything was made of it. */
  evidence(): TableView {
    const keys = [...new Set(this.findings.flatMap(({ facts }) => Object.keys(facts)))];
    const rows = keys.map((key): Row => {
      const cells = this.findings.map(({ subject, facts }): [string, string] => {
        return [subject, String((facts as unknown as Row)[key] ?? "–")];
      });
      return { fact: key, ...Object.fromEntries(cells) };
    });
    return { as: "table", title: "What the probes' calls gave", columns: this.#columns("fact"), rows };
  }

  view(): TableView {
    const rows = aspects.map(({ aspect, verdict }): Row => ({
      "the application …": aspect,
      ...Object.fromEntries(this.findings.map((finding) => [finding.subject, verdict(finding)])),
    }));
    return {
      as: "table",
      title: "What does each isolate?",
      columns: this.#columns("the application …"),
      rows,
      caption: "Found by the same application in each, as root, on a host of its own",
    };
  }

  #columns(first: string): TableView["columns"] {
    return [{ key: first }, ...this.findings.map(({ subject }) => ({ key: subject }))];
  }
}

/**
 * Runs the same application in each system and tells what it reached: every verdict comes from its calls, and from what changed on the
 * host meanwhile.
 * @param only which systems; all where absent
 * @throws UsageError for a system that there isn't
 */
export function isolation(only: readonly string[] = [...subjects.keys()]): Isolation {
  return new Isolation(
    only.map((name) => {
      const probe = subjects.get(name);
      if (probe === undefined)
        throw new UsageError(
          `"${name}" is no system here`,
          `Did you mean "${nearest(name, [...subjects.keys()]) ?? ""}"?`,
        );
      return probe();
    }),
  );
}

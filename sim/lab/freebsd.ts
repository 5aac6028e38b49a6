import { type TableView, type TextView } from "../core/index.js";
import { FreeBsdKernel, freeBsdCallTable, type FreeBsdOptions } from "../container/index.js";

/** A small FreeBSD: `command("jail -c …")`, `jail("web", { … })`; programs of one's own are installed as for a Linux. */
export class FreeBsd extends FreeBsdKernel {
  /**
   * Makes a jail by jail(8), with a tree below /jails for its root where no path is given, and what else jail.conf(5) says: a list for what may
   * stand several times, true for what stands alone.
   * @returns what jail(8) printed
   */
  jail(name: string, parameters: Readonly<Record<string, string | number | boolean | readonly string[]>> = {}): string {
    const path = typeof parameters["path"] === "string" ? parameters["path"] : `/jails/${name}`;
    if (parameters["path"] === undefined) this.makeTree(path, name);
    const lines = Object.entries({ persist: true, ...parameters, path }).map(([key, value]) => {
      if (value === true) return `${key};`;
      const values = typeof value === "object" ? value : [String(value)];
      return `${key} = ${values.map((one) => `"${one}"`).join(", ")};`;
    });
    this.writeText("/etc/jail.conf", `${name} { ${lines.join(" ")} }\n`);
    return this.command(`jail -c ${name}`).output;
  }

  /** jls(8), as a table. */
  jails(): TableView {
    const rows = this.prisons().map((one) => ({
      jid: one.id,
      name: one.name,
      path: one.path,
      hostname: one.hostname,
      addresses: one.ip4 === undefined ? "the host's" : one.ip4.join(", "),
      processes: this.processesOf(one).length,
    }));
    const columns = ["jid", "name", "path", "hostname", "addresses", "processes"].map((key) => ({ key }));
    return { as: "table", title: "Jails", columns, rows };
  }

  /** The system calls that there are, and how far. */
  systemCalls(): TableView {
    const columns = ["number", "name", "fidelity", "why"].map((key) => ({ key }));
    return {
      as: "table",
      title: "FreeBSD's system calls",
      columns,
      rows: freeBsdCallTable().map((row) => ({ ...row })),
    };
  }

  view(): TextView {
    const { hostname, osrelease, securelevel } = this.prison0;
    const jails = this.prisons().length;
    const text = `FreeBSD ${osrelease} on ${hostname}, securelevel ${securelevel}\n${this.processes.size} processes, ${jails} jail${jails === 1 ? "" : "s"}`;
    return { as: "text", text };
  }
}

/** A small FreeBSD of its own. @throws UsageError for an unknown option */
export const freebsd = (options?: Partial<FreeBsdOptions>): FreeBsd => new FreeBsd(options);

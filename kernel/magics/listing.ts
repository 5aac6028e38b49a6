import type { Magic } from "./magic.js";

/** A magic's name as it is typed. */
export function spelling({ kind, name }: Pick<Magic, "kind" | "name">): string {
  return (kind === "line" ? "%" : "%%") + name;
}

/** `%lsmagic` over a list that it is part of itself. */
export function listing(magics: readonly Magic[]): Magic {
  return {
    name: "lsmagic",
    kind: "line",
    usage: "",
    help: "Lists every magic.",
    async run(context) {
      await context.loadApi();
      const rows = magics.map((magic) => ({
        magic: `${spelling(magic)} ${magic.usage}`.trimEnd(),
        help: magic.help,
      }));
      rows.sort((a, b) => (a.magic < b.magic ? -1 : 1));
      await context.present({
        as: "table",
        columns: [{ key: "magic" }, { key: "help", label: "what it does" }],
        rows,
      });
      return undefined;
    },
  };
}

import type { TableView } from "../core/index.js";
import type { Guest } from "./guest.js";

/** What porting kernels to a VMM took: lines of them that went, and lines that came. */
export function portView(guests: readonly Guest[]): TableView {
  const rows = guests.flatMap(({ name, ported }) =>
    ported === undefined ? [] : [{ name, removed: ported.removed.length, added: ported.added.length }],
  );
  return {
    as: "table",
    title: "What it takes to port a kernel to its VMM",
    columns: [
      { key: "name", label: "kernel" },
      { key: "removed", label: "lines removed" },
      { key: "added", label: "lines added" },
    ],
    rows,
    caption: "lines of assembly that aren't empty; the firmware, which a port doesn't need, isn't counted",
  };
}

/** The lines of one port, as a difference: what went, what came. */
export function portDifference({ name, ported }: Guest): TableView {
  const lines = (sign: string, text: readonly string[]): { sign: string; line: string }[] =>
    text.map((line) => ({ sign, line: line.trimEnd() }));
  return {
    as: "table",
    title: `What changed in the kernel "${name}"`,
    columns: [{ key: "sign", label: "" }, { key: "line" }],
    rows: ported === undefined ? [] : [...lines("-", ported.removed), ...lines("+", ported.added)],
    caption: ported === undefined ? "it isn't ported" : "- native, + paravirtual",
  };
}

import type { LanesView, Role, Span } from "../../../sim/core/index.js";
import { assignColours } from "./palette.js";

/** The spans of one colour, over all lanes. */
export interface Kind {
  /** The label, where all share one, else the role. */
  readonly name: string;
  readonly colour: string;
  readonly spans: readonly { readonly lane: number; readonly span: Span }[];
}

/** Sorts a view's spans by what they are: by role, and by label where they have none. Spans without length are left out. */
export function kindsOf(view: LanesView): Kind[] {
  const kinds = new Map<string, { role?: Role; key: string; spans: { lane: number; span: Span }[] }>();
  view.lanes.forEach(({ spans }, lane) => {
    for (const span of spans) {
      if (!(span.to > span.from)) continue;
      const key = span.role === undefined ? `label ${span.label}` : `role ${span.role}`;
      const kind = kinds.get(key) ?? { key, ...(span.role && { role: span.role }), spans: [] };
      kinds.set(key, kind);
      kind.spans.push({ lane, span });
    }
  });
  const all = [...kinds.values()];
  const colours = assignColours(all);
  return all.map(({ role, spans }, i) => {
    const labels = new Set(spans.map(({ span }) => span.label));
    const [label = ""] = labels;
    return { name: labels.size === 1 || role === undefined ? label : role, colour: colours[i] ?? "", spans };
  });
}

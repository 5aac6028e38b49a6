import type { LanesView, Role, Span } from "../../../sim/core/index.js";
import { assignColours } from "./palette.js";

/** The spans of one colour, over all lanes. */
export interface Kind {
  /** Their kind; where none is given the label, if all share one, else the role. */
  readonly name: string;
  readonly colour: string;
  readonly spans: readonly { readonly lane: number; readonly span: Span }[];
}

/** Labels without a role that have a colour of their own; further ones share one. */
const most = 24;

/** Sorts a view's spans by what they are: by kind, else by role, else by label. Spans without length are left out. */
export function kindsOf(view: LanesView): Kind[] {
  const kinds = new Map<string, { role?: Role; key: string; spans: { lane: number; span: Span }[] }>();
  view.lanes.forEach(({ spans }, lane) => {
    for (const span of spans) {
      if (!(span.to > span.from)) continue;
      const {
        label,
        role,
        kind: named,
      } = kinds.size < most || kinds.has(`label ${span.label}`) ? span : { ...span, label: "other" };
      const byRole = role === undefined ? `label ${label}` : `role ${role}`;
      const key = named === undefined ? byRole : `kind ${named}`;
      const kind = kinds.get(key) ?? { key, ...(role && { role }), spans: [] };
      kinds.set(key, kind);
      kind.spans.push({ lane, span });
    }
  });
  const all = [...kinds.values()];
  const colours = assignColours(all);
  return all.map(({ key, role, spans }, i) => {
    const labels = new Set(spans.map(({ span }) => span.label));
    const [label = ""] = labels;
    const named = key.startsWith("kind ") ? key.slice("kind ".length) : undefined;
    const name = named ?? (labels.size === 1 ? label : (role ?? key.slice("label ".length)));
    return { name, colour: colours[i] ?? "", spans };
  });
}

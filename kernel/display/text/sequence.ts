import type { SequenceView } from "../../../sim/core/index.js";
import { captionLines, oneLine, paragraph, sentence } from "./width.js";

/** The participants in order, with those that only messages name behind them. */
export function participantsOf(view: SequenceView): string[] {
  return [...new Set([...view.participants, ...view.messages.flatMap(({ from, to }) => [from, to])])];
}

/** Who calls whom, one numbered sentence to a message. */
export function sequenceSummary(view: SequenceView): string[] {
  return view.messages.map(({ from, to, label, reply }, i) => {
    const way = from === to ? from : reply === true ? `${from} replies to ${to}` : `${from} → ${to}`;
    return oneLine(`${i + 1}. ${way}: ${label}`);
  });
}

/** A sequence for a terminal. */
export function sequenceText(view: SequenceView): string {
  return [
    ...paragraph(view.title),
    ...sentence(`participants: ${participantsOf(view).join(", ")}`),
    "",
    ...sequenceSummary(view).flatMap(sentence),
    ...(view.messages.length === 0 ? ["  no messages"] : []),
    ...captionLines(view.caption),
  ].join("\n");
}

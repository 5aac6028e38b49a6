import type { CompleteRequest, InspectRequest, Replies } from "../wire/index.js";
import { codePointsBefore, offsetAt } from "./cursor.js";
import type { LanguageTools } from "./language-tools.js";

type Tools = Pick<LanguageTools, "service" | "magics">;

export async function complete(
  { code, cursor_pos }: CompleteRequest,
  { service, magics }: Tools,
): Promise<Replies["complete_reply"]> {
  const offset = offsetAt(code, cursor_pos);
  const source = magics.typeScript(code);
  const { start, end, matches } =
    magics.complete(code, offset) ??
    (source === undefined ? { start: offset, end: offset, matches: [] } : await service().complete(source, offset));
  const [cursor_start, cursor_end] = [codePointsBefore(code, start), codePointsBefore(code, end)];
  return {
    status: "ok",
    matches: matches.map(({ text }) => text),
    cursor_start,
    cursor_end,
    // JupyterLab's completer shows the kinds it finds here.
    metadata: {
      _jupyter_types_experimental: matches.map(({ text, kind }) => ({
        text,
        type: kind,
        start: cursor_start,
        end: cursor_end,
      })),
    },
  };
}

export async function inspect(
  { code, cursor_pos, detail_level }: InspectRequest,
  { service, magics }: Tools,
): Promise<Replies["inspect_reply"]> {
  const source = magics.typeScript(code);
  const found = source === undefined ? undefined : await service().inspect(source, offsetAt(code, cursor_pos));
  if (found === undefined) return { status: "ok", found: false, data: {}, metadata: {} };
  const { signature, documentation } = found;
  // Level 0 is the tooltip while typing, level 1 the help that was asked for.
  const shown = detail_level === 0 ? (documentation.split("\n\n")[0] ?? "") : documentation;
  return {
    status: "ok",
    found: true,
    data: {
      "text/plain": shown === "" ? signature : `${signature}\n\n${shown}`,
      "text/markdown": `\`\`\`typescript\n${signature}\n\`\`\`${shown === "" ? "" : `\n\n${shown}`}`,
    },
    metadata: {},
  };
}

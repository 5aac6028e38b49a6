import type { LanguageService } from "../lang/index.js";
import type { CompleteRequest, InspectRequest, Replies } from "../wire/index.js";
import { codePointsBefore, offsetAt } from "./cursor.js";

export async function complete(
  { code, cursor_pos }: CompleteRequest,
  language: LanguageService,
): Promise<Replies["complete_reply"]> {
  const { start, end, matches } = await language.complete(code, offsetAt(code, cursor_pos));
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
  language: LanguageService,
): Promise<Replies["inspect_reply"]> {
  const found = await language.inspect(code, offsetAt(code, cursor_pos));
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

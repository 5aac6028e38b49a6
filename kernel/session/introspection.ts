import type { CompleteRequest, InspectRequest, Replies } from "../wire/index.js";
import { describe } from "./documentation.js";
import { codePointsBefore, offsetAt } from "./cursor.js";
import type { Completion } from "../lang/index.js";
import type { LanguageTools } from "./language-tools.js";

type Tools = Pick<LanguageTools, "service" | "magics" | "sourceOf">;

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
      _jupyter_types_experimental: matches.map(({ text, kind, signature }: Completion) => ({
        text,
        type: kind,
        start: cursor_start,
        end: cursor_end,
        ...(signature === undefined ? {} : { signature }),
      })),
    },
  };
}

/** Detail level 0 is signature and documentation (`name?`), 1 the source too where a cell declares it (`name??`). */
export async function inspect(
  { code, cursor_pos, detail_level }: InspectRequest,
  { service, magics, sourceOf }: Tools,
): Promise<Replies["inspect_reply"]> {
  const source = magics.typeScript(code);
  const offset = offsetAt(code, cursor_pos);
  const found = source === undefined ? undefined : await service().inspect(source, offset);
  if (found === undefined) return { status: "ok", found: false, data: {}, metadata: {} };
  const name = detail_level === 1 ? nameAt(code, offset) : undefined;
  const { text, markdown } = describe(found, name === undefined ? undefined : sourceOf(name)?.trim());
  return { status: "ok", found: true, data: { "text/plain": text, "text/markdown": markdown }, metadata: {} };
}

/** The identifier at an offset or right before it; undefined for a member of something. */
function nameAt(code: string, offset: number): string | undefined {
  for (const found of code.matchAll(/(?<!\.\s*)(?<![\p{ID_Continue}$])[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) {
    if (found.index <= offset && offset <= found.index + found[0].length) return found[0];
  }
  return undefined;
}

import type { Inspection } from "../lang/index.js";

type Section = NonNullable<Inspection["sections"]>[number];

/** What is known of a name: for a terminal, and as Markdown. @param source the text of the cell that declares it */
export function describe(
  { signature, documentation, sections = [] }: Inspection,
  source: string | undefined,
): { readonly text: string; readonly markdown: string } {
  return {
    text: paragraphs([signature, documentation, ...sections.map(textSection), source ?? ""]),
    markdown: paragraphs([
      fenced(signature),
      documentation,
      ...sections.map(markdownSection),
      source === undefined ? "" : fenced(source),
    ]),
  };
}

const paragraphs = (parts: readonly string[]): string => parts.filter((part) => part !== "").join("\n\n");

const deeper = (words: string): string => words.replaceAll("\n", "\n  ");

function textSection({ heading, remarks }: Section): string {
  if (heading === "Example") return remarks.map(({ words }) => `Example:\n  ${deeper(words)}`).join("\n\n");
  const lines = remarks.map(({ of = "", words }) => deeper([of, words].filter((part) => part !== "").join(": ")));
  const [only = ""] = lines;
  if (lines.length === 1 && remarks[0]?.of === undefined) return only === "" ? heading : `${heading}: ${only}`;
  return [`${heading}:`, ...lines.map((line) => `  ${line}`)].join("\n");
}

function markdownSection({ heading, remarks }: Section): string {
  if (heading === "Example") return remarks.map(({ words }) => `**Example**\n\n${exampleBlock(words)}`).join("\n\n");
  const lines = remarks.map(({ of, words }) => {
    return [of === undefined ? "" : `\`${of}\``, deeper(words)].filter((part) => part !== "").join(": ");
  });
  const [only = ""] = lines;
  if (lines.length === 1 && remarks[0]?.of === undefined)
    return only === "" ? `**${heading}**` : `**${heading}:** ${only}`;
  return [`**${heading}**\n`, ...lines.map((line) => `- ${line}`)].join("\n");
}

/** An example is code, unless it has a fence of its own. */
const exampleBlock = (words: string): string => (/^\s*(?:```|~~~)/m.test(words) ? words : fenced(words));

/** A block of TypeScript in Markdown, whatever it holds. */
function fenced(code: string): string {
  const runs = code.match(/`{3,}/g) ?? [];
  const fence = "`".repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return `${fence}typescript\n${code}\n${fence}`;
}

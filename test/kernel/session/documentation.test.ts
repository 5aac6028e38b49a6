import { expect, test } from "vitest";
import { describe } from "../../../kernel/session/documentation.js";

const found = {
  signature: "function add(a: number, b?: number): number",
  documentation: "Adds.",
  sections: [
    {
      heading: "Parameters",
      remarks: [
        { of: "a", words: "the one,\nor two" },
        { of: "b", words: "" },
      ],
    },
    { heading: "Returns", remarks: [{ words: "the sum" }] },
    { heading: "Example", remarks: [{ words: "const one = 1;\nadd(one, 2)" }] },
    { heading: "@beta", remarks: [{ words: "" }] },
  ],
};

test("a name's documentation as text", () => {
  expect(describe(found, "const add = 1").text).toBe(
    `${found.signature}

Adds.

Parameters:
  a: the one,
  or two
  b

Returns: the sum

Example:
  const one = 1;
  add(one, 2)

@beta

const add = 1`,
  );
});

test("the same as Markdown: parameters are a list, examples are code", () => {
  expect(describe(found, "const add = 1").markdown).toBe(
    `\`\`\`typescript
${found.signature}
\`\`\`

Adds.

**Parameters**

- \`a\`: the one,
  or two
- \`b\`

**Returns:** the sum

**Example**

\`\`\`typescript
const one = 1;
add(one, 2)
\`\`\`

**@beta**

\`\`\`typescript
const add = 1
\`\`\``,
  );
});

test("an example that is a code block already stays as it is", () => {
  const words = "Say\n```ts\nadd(1)\n```";
  const { markdown } = describe({ ...found, sections: [{ heading: "Example", remarks: [{ words }] }] }, undefined);
  expect(markdown.endsWith(`**Example**\n\n${words}`)).toBe(true);
});

import tseslint from "typescript-eslint";

/** What the simulator may not touch, so that the same seed gives the same bytes on every platform. */
const ambient = [
  "Date",
  "Intl",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "queueMicrotask",
  "process",
];

export default tseslint.config(
  { ignores: ["dist/", "executed/", "artefacts/", "**/*.mjs", "**/*.js"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: false, skipComments: false }],
      eqeqeq: "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ["sim/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...ambient.map((name) => ({ name, message: "sim/ has no ambient state." }))],
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "Take randomness from the world's rng." },
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: ":function[async=true], AwaitExpression, ForOfStatement[await=true]",
          message: "sim/ is synchronous.",
        },
        { selector: "Identifier[name='Promise']", message: "sim/ is synchronous." },
      ],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);

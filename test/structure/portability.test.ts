import { ESLint } from "eslint";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const top = join(import.meta.dirname, "..", "..");

/** What the compiler says of `source` as a file of sim/. */
function compile(source: string): string[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(top, "sim", "tsconfig.json"),
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n"));
      },
    },
  );
  const options: ts.CompilerOptions = { ...config?.options, composite: false, incremental: false, noEmit: true };
  delete options.tsBuildInfoFile;
  const planted = join(top, "sim", "planted.ts");
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, target) =>
    name === planted ? ts.createSourceFile(name, `${source}\nexport {};`, target) : read(name, target);
  const program = ts.createProgram([planted], options, host);
  return ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n"));
}

async function lint(source: string): Promise<string[]> {
  const eslint = new ESLint({
    cwd: top,
    overrideConfig: { languageOptions: { parserOptions: { projectService: { allowDefaultProject: ["sim/*.ts"] } } } },
  });
  const [result] = await eslint.lintText(source, { filePath: join(top, "sim", "planted.ts") });
  return (result?.messages ?? []).map((message) => message.message);
}

describe("sim/ is portable", () => {
  test("plain ECMAScript compiles", () => {
    expect(compile("export const one: number = Math.max(1, 0);")).toEqual([]);
  });

  test.each([
    "process.exit()",
    "Buffer.from([])",
    "setTimeout(() => 1, 1)",
    "console.log(1)",
    "document.body",
    "new TextEncoder()",
  ])("%s does not compile", (source) => {
    expect(compile(source).join("\n")).toMatch(/Cannot find name/);
  });

  test.each([
    ["export const now: number = Date.now();\n", /no ambient state/],
    ["export const chance: number = Math.random();\n", /world's rng/],
    ["export async function later(): Promise<void> {}\n", /synchronous/],
  ])("%s is refused by the linter", async (source, message) => {
    expect((await lint(source)).join("\n")).toMatch(message);
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "../runner/index.js";

/** The package's version. */
export function version(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder(), "package.json"), "utf8")) as { version: string };
  return version;
}

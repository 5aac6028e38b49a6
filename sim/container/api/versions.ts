import { invalid } from "../engine/errors.js";

/** What the engine says it is: Docker 28.2, whose API is 1.50, and which still speaks 1.24. */
export const productVersion = "28.2.2";
export const newest = "1.50";
export const oldest = "1.24";

const minorOf = (version: string): number => Number(version.slice(2));

/** The minor version that a path asks for, "/v1.41/…"; the newest where it asks for none. @throws EngineError 400 */
export function versionOf(asked: string | undefined): number {
  if (asked === undefined) return minorOf(newest);
  const [major = 0, minor = 0] = asked.split(".").map(Number);
  if (!/^\d+\.\d+$/.test(asked)) throw invalid(`invalid API version "${asked}"`, `Ask for /v${newest}.`);
  if (major < 1 || (major === 1 && minor < minorOf(oldest)))
    throw invalid(
      `client version ${asked} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`,
      `Ask for /v${newest}.`,
    );
  if (major > 1 || minor > minorOf(newest))
    throw invalid(
      `client version ${asked} is too new. Maximum supported API version is ${newest}`,
      `Ask for /v${newest}.`,
    );
  return minor;
}

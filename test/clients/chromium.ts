/** Debian's Chromium as tests and benches start it. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";

const program = "/usr/bin/chromium";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Nothing but this machine is there, as on a computer without a net.
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

/** Why there is no Chromium, and what mends it; undefined where there is one. */
export const missingChromium = (): string | undefined =>
  existsSync(program) ? undefined : `${program} is not there: apt-get install chromium`;

interface Launched {
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

/** Starts it, headless, with a profile of its own that `close` removes. */
export async function launchChromium(): Promise<Launched> {
  const profile = mkdtempSync(join(tmpdir(), "virtlab-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: flags,
    viewport: { width: 1280, height: 900 },
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

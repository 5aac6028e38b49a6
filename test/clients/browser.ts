import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { onTestFailed, type TestContext } from "vitest";
import { top } from "./command.js";

const program = "/usr/bin/chromium";
/** Pictures for a person to look at, kept after the tests. */
const artefacts = join(top, "artefacts", "clients");

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

/** Headless Chromium with a profile of its own. */
export interface Browser {
  /** A new tab. What its console says is kept, and shown with a picture if the running test fails. */
  open(): Promise<Page>;
  /** Everything that a tab's page complained of: errors and warnings of the console, and what it did not catch. */
  complaints(tab: Page): readonly string[];
  close(): Promise<void>;
}

/** Skips the test where Chromium is missing, and says what has it. */
export function needsBrowser({ skip }: TestContext): void {
  skip(!existsSync(program), `${program} is not there: apt-get install chromium`);
}

/** Starts Chromium. Its tabs wait 20 s for what they are asked to wait for, then say what did not come. */
export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "virtlab-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: flags,
    viewport: { width: 1280, height: 900 },
  });
  context.setDefaultTimeout(20_000);
  const heard = new Map<Page, string[]>();
  // Also of the tabs that a page opens itself.
  context.on("page", (tab) => {
    const complaints: string[] = [];
    heard.set(tab, complaints);
    tab.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    tab.on("pageerror", (error) => complaints.push(error.stack ?? error.message));
  });
  return {
    open: () => context.newPage(),
    complaints: (tab) => heard.get(tab) ?? [],
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Keeps what the tab shows as `artefacts/clients/NAME.png`. */
export async function keepPicture(tab: Page, name: string): Promise<void> {
  mkdirSync(artefacts, { recursive: true });
  await tab.screenshot({ path: join(artefacts, `${name}.png`) });
}

/** If the running test fails, keeps what the tab shows and its console's words as `artefacts/clients/failed-NAME.*`. */
export function keepOnFailure(browser: Browser, tab: Page, name: string, log: () => string = () => ""): void {
  onTestFailed(async () => {
    await keepPicture(tab, `failed-${name}`);
    writeFileSync(join(artefacts, `failed-${name}.log`), [...browser.complaints(tab), log()].join("\n"));
  });
}

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { onTestFailed, type TestContext } from "vitest";
import { launchChromium, missingChromium } from "./chromium.js";
import { top } from "./command.js";

/** Pictures for a person to look at, kept after the tests. */
const artefacts = join(top, "artefacts", "clients");

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
  const missing = missingChromium();
  skip(missing !== undefined, missing);
}

/** Starts Chromium. Its tabs wait 20 s for what they are asked to wait for, then say what did not come. */
export async function startBrowser(): Promise<Browser> {
  const { context, close } = await launchChromium();
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
    close,
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

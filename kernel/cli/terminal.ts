import { stripVTControlCharacters } from "node:util";

/** What a command has of the world around it: a test hands in its own. */
export interface Terminal {
  /** What was asked for. */
  readonly out: Screen;
  /** Progress, and what went wrong. */
  readonly err: Screen;
  readonly env: NodeJS.ProcessEnv;
}

export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export function line(screen: Screen, text: string): void {
  screen.write(`${screen.isTTY === true ? text : stripVTControlCharacters(text)}\n`);
}

import type { AskAndWait } from "./asking.js";

/** The three questions of a browser's and Deno's global scope, for cells. */
interface Dialogs {
  prompt(message?: string, defaultValue?: string): string | null;
  confirm(message?: string): boolean;
  alert(message?: string): void;
}

/**
 * HTML Living Standard §8.10.1 "Simple dialogs", in one line of text as Deno has them on a terminal: an empty answer to
 * `prompt` is its default, `confirm` takes y for yes and all else for no.
 */
export function createDialogs(ask: AskAndWait): Dialogs {
  return {
    prompt(message = "", defaultValue = "") {
      const asked = [message, defaultValue === "" ? "" : `[${defaultValue}]`].filter((part) => part !== "").join(" ");
      const answer = ask(asked === "" ? "" : `${asked} `);
      return answer === "" ? defaultValue : answer;
    },
    confirm(message = "") {
      const answer = ask(`${message} [y/N] `.trimStart());
      return /^\s*y(es)?\s*$/i.test(answer ?? "");
    },
    alert(message = "") {
      ask(`${message} [Enter] `.trimStart());
    },
  };
}

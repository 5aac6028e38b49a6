import { UsageError } from "../../sim/core/index.js";
import type { Ending } from "./magic.js";

/** A student's mistake becomes the cell's error, as one that a cell throws does; what else is thrown stays so. */
export async function endUsage(run: () => Promise<Ending>): Promise<Ending> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { message, hint } = error;
    return {
      status: "error",
      ename: "UsageError",
      evalue: message,
      traceback: [`\u001b[31mUsageError\u001b[39m: ${message}`, hint],
    };
  }
}

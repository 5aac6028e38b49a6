import { all, type Activity, type Engine } from "../../core/index.js";
import type { ApiFailure } from "../client/failure.js";
import { attempt } from "./ownership.js";

/**
 * Does `count` things in batches of 1, 2, 4, …, each at once, until one fails (kubernetes, `slowStartBatch`).
 *
 * To do all at once would be quicker, and wrong where they fail for one reason, such as a quota: it would send as many requests
 * as there are replicas, only to have each refused, at every try.
 *
 * @returns how many succeeded, how many weren't tried, and the first failure
 */
export function* slowStart(
  engine: Engine,
  count: number,
  make: (index: number) => Activity<unknown>,
): Activity<{ readonly succeeded: number; readonly skipped: number; readonly failure: ApiFailure | undefined }> {
  let succeeded = 0;
  let done = 0;
  for (let size = 1; done < count; size *= 2) {
    const batch = Math.min(size, count - done);
    const results = yield* together(engine, batch, (index) => make(done + index));
    done += batch;
    const failures = results.filter((result) => result !== undefined);
    succeeded += batch - failures.length;
    if (failures.length > 0) return { succeeded, skipped: count - done, failure: failures[0] };
  }
  return { succeeded, skipped: 0, failure: undefined };
}

/** Does all at once. @returns the failure of each, or undefined */
export function* together(
  engine: Engine,
  count: number,
  make: (index: number) => Activity<unknown>,
): Activity<readonly (ApiFailure | undefined)[]> {
  return yield* all(Array.from({ length: count }, (_, index) => engine.spawn(attempt(make(index)), { name: "batch" })));
}

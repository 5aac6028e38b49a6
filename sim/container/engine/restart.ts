import { ms, s, minutes, type Nanos } from "../../core/index.js";
import type { Container } from "./container.js";

const first = ms(100);
const longest = minutes(1);
/** A run of so long counts as a success: the next wait is the first one's again. */
const success = s(10);

/**
 * Whether a container that has ended is started again, and after how long: 100 ms, doubled at each run of less than 10 s up to a
 * minute (moby's restartmanager).
 * @param ran how long it ran, in nanoseconds
 */
export function restartAfter(container: Container, ran: number): Nanos | undefined {
  const { Name, MaximumRetryCount } = container.host.RestartPolicy;
  if (container.stoppedByUser || !wanted()) return undefined;
  if (ran >= success) container.backoff = 0;
  container.backoff = container.backoff === 0 ? first : Math.min(container.backoff * 2, longest);
  return container.backoff as Nanos;

  function wanted(): boolean {
    switch (Name) {
      case "no":
        return false;
      case "always":
      case "unless-stopped":
        return true;
      case "on-failure": {
        const { exitCode } = container.state;
        return exitCode !== 0 && (MaximumRetryCount === 0 || container.restartCount < MaximumRetryCount);
      }
    }
  }
}

/**
 * What a leader knows of one member's log, and how fast it may send (etcd raft, "Progress"):
 * - `probe`: where the logs agree isn't known; one message, then wait for the answer or the next heartbeat
 * - `replicate`: it is; messages are sent ahead of their answers, up to the window
 * - `snapshot`: what the member lacks is compacted; it was sent a snapshot, and nothing else goes until it has that
 */
export class Progress {
  state: "probe" | "replicate" | "snapshot" = "probe";
  /** The last place known to agree. */
  match: number;
  /** The next entry to be sent. */
  next: number;
  /** Heard from since the last check of the quorum. */
  recentActive: boolean;
  pendingSnapshot = 0;
  /** While probing: a message is under way. */
  #waiting = false;
  /** While replicating: the last entries of the messages whose answers are missing, oldest first. */
  #inflight: number[] = [];
  readonly #window: number;

  constructor(match: number, next: number, window: number, recentActive: boolean) {
    this.match = match;
    this.next = next;
    this.recentActive = recentActive;
    this.#window = window;
  }

  /** Whether nothing may be sent now. */
  get paused(): boolean {
    switch (this.state) {
      case "probe":
        return this.#waiting;
      case "replicate":
        return this.#inflight.length >= this.#window;
      case "snapshot":
        return true;
    }
  }

  becomeProbe(): void {
    // After a snapshot, it is taken for received: were it lost, the first rejection says so.
    this.next = Math.max(this.match, this.state === "snapshot" ? this.pendingSnapshot : 0) + 1;
    this.#reset("probe");
  }

  becomeReplicate(): void {
    this.#reset("replicate");
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    this.#reset("snapshot");
    this.pendingSnapshot = index;
  }

  /** A message with entries up to `last` was sent; without entries where that is 0. */
  sent(last: number): void {
    if (this.state === "replicate") {
      if (last === 0) return;
      this.next = last + 1;
      this.#inflight.push(last);
    } else this.#waiting = true;
  }

  /** The member has the log up to `index`. @returns whether that is news */
  acknowledge(index: number): boolean {
    this.next = Math.max(this.next, index + 1);
    if (index <= this.match) return false;
    this.match = index;
    this.#waiting = false;
    return true;
  }

  /** @returns whether the member lacked the place `refused`, so that earlier entries, from behind `hint`, must be tried */
  reject(refused: number, hint: number): boolean {
    if (this.state === "replicate") {
      if (refused <= this.match) return false;
      this.next = this.match + 1;
      return true;
    }
    // The answer to an earlier message than the one that waits.
    if (this.next - 1 !== refused) return false;
    this.next = Math.max(Math.min(refused, hint + 1), this.match + 1);
    this.#waiting = false;
    return true;
  }

  /** Messages up to the one that ended with `index` have arrived. */
  free(index: number): void {
    while ((this.#inflight[0] ?? Infinity) <= index) this.#inflight.shift();
  }

  /** A sign of life: what was under way may have been lost. */
  resume(): void {
    this.#waiting = false;
    if (this.#inflight.length >= this.#window) this.#inflight.shift();
  }

  #reset(state: "probe" | "replicate" | "snapshot"): void {
    this.state = state;
    this.#waiting = false;
    this.#inflight = [];
    this.pendingSnapshot = 0;
  }
}

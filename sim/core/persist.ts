/**
 * What keeps its state plain: `save` returns data that survives `JSON.stringify`, `restore` continues from it exactly
 * where `save` was called. Snapshots, migration, reverse-step and golden files all stand on this.
 */
export interface Persist<S> {
  save(): S;
  /** @throws UsageError for a state that does not fit */
  restore(state: S): void;
}

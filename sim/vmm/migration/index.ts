/**
 * migration: a guest goes to another host while it runs.
 *
 * Glossary
 *   round        pages sent while the guest runs; in the next go those that it wrote meanwhile
 *   downtime     from when the guest stops at the source until it goes on at the destination
 *   dirty log    which pages were written since that was last asked
 *   writable working set   the pages that a guest writes again and again, so that sending them while it runs is in vain
 *   demand fault a page that the guest wants at the destination and that hasn't come
 *
 * migrate       the whole; options; migration, report: what it was, as views and as data
 * pre-copy      with stop-and-copy; rules: when the guest is stopped; post-copy
 * hosts         both ends; channel: the link; hosted-guest: a guest that executes as time passes
 * working-set   what a guest writes in how much time; the model of a constant rate
 */
export { migrate } from "./migrate.js";
export type { Migration } from "./migration.js";
export { migrationMethods, type MigrationMethod, type MigrationOptions } from "./options.js";
export type { Fault, Round } from "./report.js";
export { geometricRounds, workingSet, type WorkingSet, type WorkingSetOptions } from "./working-set.js";
export { preCopyRules, type Decision, type PreCopyRule, type RoundEnd } from "./rules.js";

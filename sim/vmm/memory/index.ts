/**
 * memory: a host's memory that is less than its guests' together.
 *
 * Glossary
 *   frame        a page of the host's memory; a guest's page is *backed* by one, or by none
 *   copy on write   pages share a frame until one of them is written, whose writer gets a frame of its own
 *   balloon      a driver in the guest that takes pages from its kernel and gives them to the host
 *   shares       what a machine's claim on memory is weighed by; a tax makes idle pages cost more of them
 *
 * frame-table    which frame backs which page, and who shares it; fork
 * page-sharing   finds pages of equal content
 * balloon        takes back what guests gave; from whom to ask how much
 * snapshots      a machine as it was, in a tree; clones
 */
export { activeShare, collectBalloons, revocationView, revoke, sharesPerPage, type MemoryClaim } from "./balloon.js";
export { FrameTable, type Backing, type Frame } from "./frame-table.js";
export { sharePages, type Scan } from "./page-sharing.js";
export { Snapshots, type Snapshot } from "./snapshots.js";

/**
 * exec: where user code runs, and how it is cut.
 *
 *      protocol worker (session)                                    main thread
 *   ┌───────────────────────────┐   run, interrupt, ping (messages)   ┌──────────────────────────────┐
 *   │ createExecutor            │ ──────────────────────────────────▶ │ startMainThread              │
 *   │   run(cell, show)         │   streams, displays, outcomes       │   evaluation: the cell runs  │
 *   │   interrupt()             │ ◀────────────────────────────────── │   inside Runtime.evaluate    │
 *   │   inspector.Session ──────│── Runtime.terminateExecution ─────▶ │                              │
 *   └───────────────────────────┘   (a bounded pipe in shared memory) └──────────────────────────────┘
 *                stop flag in shared memory: the simulator's engine looks at it between events
 *
 * An interrupt raises the stop flag, asks the main thread to give up the cells that only wait, and, where the thread
 * doesn't come back to its event loop, ends the JavaScript that keeps it. All variables stay.
 *
 * Glossary
 *   run      one execution of a cell, numbered; outputs carry its number, so that late ones find their cell
 *   outcome  how a run ended
 *   host     what the kernel lends to modules that cells import, as `globalThis[Symbol.for("virtlab.display")]`: see `Host`
 *
 * outcome          the types: Executor, Outcome, Output
 * executor         the worker's side; main-thread-link holds the other thread and frees it, gatherer joins streams
 * main-thread      the main thread's side: globals, host, orders; cell-runner runs a cell in an evaluation, reporter tells
 * thread-messages  what the threads say to each other; pipe is the way back
 * memory-watch     stops a cell before memory ends the process; fatal-watch tells where it couldn't
 * blocking-child   the program that `execSync` waits for; orphan-watchdog ends a killed kernel's programs
 * comms            messages between cells and the clients' widgets
 * asking           a question to the client's user; dialogs are prompt, confirm and alert
 * cell-context     which run a callback belongs to; resource-runs whose file or socket it is, run-mark marks objects
 * cell-magics      magics that cells bring
 * captures         what a part of a cell shows, kept apart
 * cell-variables   what a failed cell leaves without a value
 * stop-flag        `interruptRequested`
 * stream-capture   console and process.stdout; inherited-output what programs write to them
 * module-loader    what `import` and `require` give; tslab is one of them
 *   local-files    specifier → file, as TypeScript finds it; module-sources  file → text, ready to run
 *   local-modules  which modules are current; module-evaluation runs them, module-cycles where they import each other
 *   import-error   a module that can't be had; import-meta  `import.meta`
 * error-report     something thrown → Jupyter's error; stack puts cells' places into it
 */
export type { Answer, Ask, CommDelivery, ErrorReport, Executor, MimeData, Outcome, Output } from "./outcome.js";
export { createExecutor } from "./executor.js";
export { startMainThread } from "./main-thread.js";
export { watchOrphans } from "./orphan-watchdog.js";
export { errorReport, interruptedReport } from "./error-report.js";

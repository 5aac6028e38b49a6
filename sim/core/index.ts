/**
 * core: what every room stands on.
 *
 * The words: a *world* is a clock, a source of chance and a record. Its *engine* makes *events* happen in virtual time. A
 * *process* runs an *activity*, a generator that yields the *signals* it waits for. *Background* work never ends and
 * keeps no run going. A *trace* is the record, in *rows*. A *view* is what a cell returns to be looked at.
 *
 * world         createWorld: everything that a simulation shares, saved and restored as one
 * engine        the clock, scheduling, run() and why it stopped
 * event-queue   the pending events
 * signal        what fires once; combine: all and any of several; delay: what fires after a time
 * process       activities, their interruption and cancellation
 * supervisor    how the kernel stops a run from outside and sees how far it is
 * resource      units that are held one at a time; queue: items put and got; share: a rate that all share at once
 * scheduling    who is next: first come, priority (over deque and heap)
 * rng           seeded randomness, in independent streams; distributions; portable-math: the same bits everywhere
 * statistics    moments, averages over time, quantiles, confidence intervals; student: the quantiles of Student's t
 * trace         what happened, as rows
 * persist       plain state: save and restore
 * errors        UsageError (the student's mistake), invariant (ours)
 * bytes         UTF-8 and base64 without the platform; joining
 * protobuf      messages of Protocol Buffers: their fields read and written
 * calendar      days of the Gregorian calendar, and their numbers
 * units         Nanos, Bytes and the functions that make and print them
 * options       options objects: defaults, and the nearest word for a mistyped one
 * view          what a cell returns to be looked at
 */
export { createWorld, type World, type WorldOptions, type WorldState } from "./world.js";
export { Engine, type Cancel, type EngineOptions, type EngineState, type EventOptions, type Stop } from "./engine.js";
export { Signal, type Waiter } from "./signal.js";
export { all, any, type FirstOf, type ValueOf, type ValuesOf } from "./combine.js";
export { Interrupted, type Activity, type Process } from "./process.js";
export { seldom, supervise, type Ended, type Progress, type Watch } from "./supervisor.js";
export { Resource, type Claim, type ResourceOptions, type ResourceStatistics } from "./resource.js";
export { Queue, type QueueOptions, type QueueStatistics } from "./queue.js";
export { Share, type ShareOptions, type ShareStatistics } from "./share.js";
export { fifo, byPriority, type SchedulingPolicy } from "./scheduling.js";
export { Rng, type RngState } from "./rng.js";
export { Moments, TimeAverage, quantile, confidenceInterval, batchMeans, type Interval } from "./statistics.js";
export { Trace, type TraceFields, type TraceRow, type TraceState } from "./trace.js";
export type { Persist } from "./persist.js";
export { UsageError, InvariantError, invariant } from "./errors.js";
export { concatBytes, decodeBase64, encodeBase64, encodeUtf8, isZero } from "./bytes.js";
export { ProtobufError, ProtobufMessage, readProtobuf, varintsOf, type WireField, type WireType } from "./protobuf.js";
export { calendarDay, dayNumber, rfc3339 } from "./calendar.js";
export * from "./units.js";
export * from "./options.js";
export * from "./view.js";

import type { Activity } from "../../core/index.js";
import { epoch } from "../objects/time.js";
import type { JsonObject, KubeObject } from "../objects/value.js";
import type { Client } from "./client.js";
import { timeText, seconds } from "./clock.js";
import { ApiFailure } from "./failure.js";
import { TokenBucket } from "./token-bucket.js";

/** client-go, `tools/record/events_cache.go`: at most so many entries of each cache; here of objects. */
const remembered = 4096;
/** More like it than this within the window become one that says so. */
const similar = 10;
const similarWindow = 600;
/** What one source may say of one object: so many at once, then one in five minutes. */
const burst = 25;
const rate = 1 / 300;

interface Told {
  readonly name: string;
  count: number;
}

/** What was said of one object for one reason: the first message with its event, and most often no other. */
interface Alike {
  readonly type: string;
  readonly reason: string;
  last: number;
  message: string;
  told: Told | undefined;
  others: Map<string, Told | undefined> | undefined;
  /** The event that stands for many. */
  combined: Told | undefined;
}

/** What was said of one object, and how much more may be. */
interface Subject {
  readonly bucket: TokenBucket;
  readonly alike: Alike[];
  /** The object as it was last, and what events say of which object they are about. */
  about: KubeObject;
  reference: JsonObject;
}

/**
 * Tells what a component did, as Event objects. The same again counts up the one that is there; many alike, of messages that
 * differ, become one; a source that says too much of an object isn't heard. A refused event is given up: events inform, nothing
 * depends on them.
 */
export class EventRecorder {
  readonly #client: Client;
  readonly #component: string;
  readonly #name: string;
  #latest = -1n;
  readonly #host: string;
  /** By uid. */
  readonly #subjects = new Map<string, Subject>();
  /** What components say of many objects in the same words: one text for all events. */
  readonly #words = new Map<string, string>();
  readonly #source: JsonObject;
  #dropped = 0;

  /** @param host the node that the component runs on; "" where that is nobody's business */
  constructor(client: Client, component: string, host = "") {
    this.#client = client;
    this.#component = component;
    this.#name = `${component} event`;
    this.#host = host;
    this.#source = { component, ...(host === "" ? {} : { host }) };
  }

  /** How many were not sent because too much was said of their object. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param reason one word, as `SuccessfulCreate` */
  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
    const { world } = this.#client;
    if (world.trace.kept) {
      const { name = "", namespace = "" } = about.metadata;
      world.trace.emit("event", this.#component, {
        object: `${about.kind}/${namespace}/${name}`,
        type,
        reason,
        message,
      });
    }
    const subject = this.#subject(about);
    if (!subject.bucket.tryTake()) {
      this.#dropped++;
      return;
    }
    message = recalled(this.#words, message, message, 32);
    const now = seconds(world);
    let alike = subject.alike.find((each) => each.reason === reason && each.type === type);
    if (alike === undefined) {
      alike = { type, reason, last: now, message, told: undefined, others: undefined, combined: undefined };
      subject.alike.push(alike);
    }
    if (now - alike.last > similarWindow) alike.others = undefined;
    alike.last = now;
    if (message !== alike.message) {
      alike.others ??= new Map();
      if (!alike.others.has(message)) alike.others.set(message, undefined);
    }
    const combined = 1 + (alike.others?.size ?? 0) >= similar;
    world.engine.spawn(this.#send(subject, alike, message, combined), { name: this.#name });
  }

  /**
   * The nanosecond, in hexadecimal: what an event is called by, so that a list by names is one by time. What happens within a microsecond is
   * in the order of chance, as if clocks were no better, since recorders know nothing of one another's names.
   */
  #instant(): string {
    const { engine, rng } = this.#client.world;
    const now = BigInt(Math.floor(engine.now / 1000)) * 1000n + BigInt(rng.stream("events").uint32() % 1000);
    this.#latest = now > this.#latest ? now : this.#latest + 1n;
    return (BigInt(epoch) * 1_000_000_000n + this.#latest).toString(16);
  }

  #subject(about: KubeObject): Subject {
    const { uid = "" } = about.metadata;
    let subject = this.#subjects.get(uid);
    if (subject === undefined) {
      const bucket = new TokenBucket(this.#client.world.engine, rate, burst);
      subject = recalled(this.#subjects, uid, { bucket, alike: [], about, reference: referenceTo(about) });
    } else if (subject.about !== about) {
      subject.about = about;
      subject.reference = referenceTo(about);
    }
    return subject;
  }

  *#send(subject: Subject, alike: Alike, said: string, combined: boolean): Activity<void> {
    const client = this.#client;
    const { about, reference } = subject;
    const { type, reason } = alike;
    const { name = "", namespace = "default" } = about.metadata;
    const time = timeText(client.world);
    const message = combined ? `(combined from similar events): ${said}` : said;
    const told = combined ? alike.combined : said === alike.message ? alike.told : alike.others?.get(said);
    const remember = (made: Told | undefined): void => {
      if (combined) alike.combined = made;
      else if (said === alike.message) alike.told = made;
      else (alike.others ??= new Map()).set(said, made);
    };
    try {
      if (told !== undefined) {
        told.count++;
        const patch = { count: told.count, lastTimestamp: time, message };
        yield* client.patch("events", namespace, told.name, patch);
        return;
      }
      const made: Told = { name: `${name}.${this.#instant()}`, count: 1 };
      // Before the answer: the same may be said again meanwhile.
      remember(made);
      yield* client.create("events", namespace, {
        metadata: { name: made.name, namespace },
        involvedObject: reference,
        type,
        reason,
        message,
        source: this.#source,
        reportingComponent: this.#component,
        ...(this.#host === "" ? {} : { reportingInstance: this.#host }),
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      });
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      remember(undefined);
    }
  }
}

/** An object as events name it (core/v1, ObjectReference). */
function referenceTo({ apiVersion, kind, metadata }: KubeObject): JsonObject {
  const { name = "", namespace, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

/** What a map holds, or what is put there where it holds nothing; the oldest entry goes where there are too many. */
function recalled<T>(map: Map<string, T>, key: string, made: T, most = remembered): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  map.set(key, made);
  if (map.size > most) {
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
  }
  return made;
}

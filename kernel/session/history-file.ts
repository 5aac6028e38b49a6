import { appendFile, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** An input of some session. */
export interface StoredInput {
  readonly session: number;
  readonly count: number;
  readonly input: string;
}

/** Inputs of all sessions of a user, on the disk. Nothing that goes wrong with it reaches a caller. */
export interface HistoryFile {
  /** Takes the next session number the first time. */
  add(count: number, input: string): void;
  /** This session's number, or what it would get; behind everything added before. */
  session(): Promise<number>;
  /** Of every session, oldest first; behind everything added before. */
  read(): Promise<readonly StoredInput[]>;
  /** Resolves when everything added so far is written. */
  settled(): Promise<void>;
}

/** When the file is put aside and a new one begun, in bytes; together they hold at least that much of the past. */
const enough = 1_000_000;
/** How much this kernel writes between looks at the file's size, in bytes. */
const untilLook = 100_000;
/** A longer input isn't kept, in UTF-16 units. */
const longestInput = 50_000;
/** The lock of a kernel that died is taken away after this, in ms; others wait for one at most as long as the second. */
const staleLock = 5_000;
const patience = 1_000;

/**
 * Lines of JSON, `{"s": session, "n": count, "i": input}`, each appended by one write: kernels that run at once don't
 * disturb each other. Under a lock are only what has to look at the file before: taking a session number, and putting
 * the full file aside as `….1`, in place of the one before. A line that a crash cut short is skipped when it is read.
 * @param log told once what is wrong; from then on nothing is kept
 */
export function createHistoryFile(path: string, log: (reason: string) => void): HistoryFile {
  const older = `${path}.1`;
  let work: Promise<void> = Promise.resolve();
  let session: number | undefined;
  let unlooked = 0;
  let broken = false;

  function enqueue(job: () => Promise<void>): void {
    work = work.then(async () => {
      if (broken) return;
      try {
        await job();
      } catch (error) {
        broken = true;
        log(`the history isn't kept: ${String(error)}; VIRTLAB_HISTORY moves it or turns it off`);
      }
    });
  }

  async function texts(): Promise<string[]> {
    return Promise.all([older, path].map(readWhole));
  }

  async function nextSession(): Promise<number> {
    let latest = 0;
    for (const text of await texts()) {
      for (const [, number] of text.matchAll(/^\{"s":(\d+),/gm)) latest = Math.max(latest, Number(number));
    }
    return latest + 1;
  }

  async function begin(): Promise<number> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return locked(`${path}.lock`, async () => {
      const number = await nextSession();
      const [, text = ""] = await texts();
      await putAsideIfFull();
      // The number is taken by being written; a line that was cut short is ended.
      await append(
        `${text === "" || text.endsWith("\n") ? "" : "\n"}{"s":${number},"begun":"${new Date().toISOString()}"}\n`,
      );
      return number;
    });
  }

  async function putAsideIfFull(): Promise<void> {
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > enough) await rename(path, older);
  }

  async function append(line: string): Promise<void> {
    await appendFile(path, line, { mode: 0o600 });
    unlooked += line.length;
  }

  return {
    add(count, input) {
      if (input.length > longestInput) return;
      enqueue(async () => {
        session ??= await begin();
        await append(`{"s":${session},"n":${count},"i":${JSON.stringify(input)}}\n`);
        if (unlooked < untilLook) return;
        unlooked = 0;
        await locked(`${path}.lock`, putAsideIfFull);
      });
    },
    async session() {
      await work;
      return session ?? nextSession();
    },
    async read() {
      await work;
      return (await texts()).flatMap((text) => text.split("\n").flatMap(parseLine));
    },
    settled: () => work,
  };
}

/** Empty where there is no such file; a device or a pipe might never end. */
async function readWhole(file: string): Promise<string> {
  try {
    return (await stat(file)).isFile() ? await readFile(file, "utf8") : "";
  } catch {
    return "";
  }
}

function parseLine(line: string): StoredInput[] {
  try {
    const { s: session, n: count, i: input } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const whole = typeof session === "number" && typeof count === "number" && typeof input === "string";
    return whole ? [{ session, count, input }] : [];
  } catch {
    return [];
  }
}

/** Does a job while no other kernel does; without the lock where that can't be had, which a lost number is better than. */
async function locked<T>(lock: string, job: () => Promise<T>): Promise<T> {
  const end = performance.now() + patience;
  let held = false;
  while (!held && performance.now() < end) {
    held = await take(lock);
    if (!held) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  try {
    return await job();
  } finally {
    if (held) await rm(lock, { force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await (await open(lock, "wx")).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > staleLock) await rm(lock, { force: true });
    return false;
  }
}

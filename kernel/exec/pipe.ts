/**
 * A pipe of records between two threads through shared memory: one writer, one reader, in order, bounded.
 *
 * Why not messages: the reader sees what was written while the writer's thread never comes back to its event loop, a
 * full pipe holds the writer up instead of filling the memory, and a line costs a tenth of a message. A record becomes
 * visible by one store, so that a writer that is cut at any instruction leaves the pipe whole.
 */

/** Bytes that the pipe holds; a power of two, so that positions may wrap. */
const capacity = 2 ** 20;
/** Longer payloads travel in pieces. */
const pieceLength = 2 ** 16;
/** Before each piece, in words: its length, its kind and whether more follow, its owner, its record's number. */
const headerLength = 16;
const moreFollow = 0x100;

/** Words of the control block. */
const written = 0;
const read = 1;

/** The memory that both ends share. */
export interface PipeMemory {
  readonly control: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
}

export interface PipeRecord {
  /** 0 to 255; its meaning is the users'. */
  readonly kind: number;
  readonly owner: number;
  readonly payload: Buffer;
}

export function createPipeMemory(): PipeMemory {
  return { control: new SharedArrayBuffer(8), data: new SharedArrayBuffer(capacity) };
}

export interface PipeWriter {
  /** Blocks the thread while the pipe is full. */
  write(kind: number, owner: number, payload: string): void;
}

/** @param full called, again and again, while there is no room: wakes the reader */
export function createPipeWriter(memory: PipeMemory, full: () => void): PipeWriter {
  const control = new Int32Array(memory.control);
  const data = new Uint8Array(memory.data);
  const view = new DataView(memory.data);
  let records = 0;

  function writePiece(kind: number, owner: number, piece: Uint8Array): void {
    // Headers don't wrap: a piece takes a multiple of 4 bytes, and the header's words are written one by one.
    const length = headerLength + pad(piece.length);
    const start = Atomics.load(control, written);
    for (;;) {
      const seen = Atomics.load(control, read);
      if (capacity - ((start - seen) | 0) >= length) break;
      full();
      Atomics.wait(control, read, seen, 100);
    }
    view.setUint32(at(start), piece.length);
    view.setUint32(at(start + 4), kind);
    view.setUint32(at(start + 8), owner);
    view.setUint32(at(start + 12), records);
    const from = at(start + headerLength);
    const first = Math.min(piece.length, capacity - from);
    data.set(piece.subarray(0, first), from);
    data.set(piece.subarray(first), 0);
    Atomics.store(control, written, start + length);
  }

  return {
    write(kind, owner, payload) {
      const bytes = Buffer.from(payload);
      records++;
      let offset = 0;
      for (; bytes.length - offset > pieceLength; offset += pieceLength) {
        writePiece(kind | moreFollow, owner, bytes.subarray(offset, offset + pieceLength));
      }
      writePiece(kind, owner, bytes.subarray(offset));
    },
  };
}

export interface PipeReader {
  /** The records that are complete, oldest first. */
  drain(): PipeRecord[];
}

export function createPipeReader(memory: PipeMemory): PipeReader {
  const control = new Int32Array(memory.control);
  const data = Buffer.from(memory.data);
  let pieces: Buffer[] = [];
  let unfinished: number | undefined;

  function readPiece(records: PipeRecord[], start: number): number {
    const length = data.readUInt32BE(at(start));
    const kind = data.readUInt32BE(at(start + 4));
    const owner = data.readUInt32BE(at(start + 8));
    const number = data.readUInt32BE(at(start + 12));
    const from = at(start + headerLength);
    const first = Math.min(length, capacity - from);
    const piece = Buffer.concat([data.subarray(from, from + first), data.subarray(0, length - first)]);
    // A writer that was cut between two pieces never sent the rest: what follows is another record.
    if (unfinished !== number) pieces = [];
    pieces.push(piece);
    if ((kind & moreFollow) !== 0) unfinished = number;
    else {
      records.push({ kind: kind & 0xff, owner, payload: pieces.length === 1 ? piece : Buffer.concat(pieces) });
      pieces = [];
      unfinished = undefined;
    }
    return start + headerLength + pad(length);
  }

  return {
    drain() {
      const records: PipeRecord[] = [];
      let position = Atomics.load(control, read);
      // What is written meanwhile is for the next time: a writer that never stops must not keep the reader.
      const end = Atomics.load(control, written);
      while (position !== end) {
        position = readPiece(records, position) | 0;
        Atomics.store(control, read, position);
        Atomics.notify(control, read);
      }
      return records;
    },
  };
}

/** Positions count bytes for ever, modulo 2³²; the data holds the last `capacity` of them. */
const at = (position: number): number => position & (capacity - 1);
const pad = (length: number): number => (length + 3) & ~3;

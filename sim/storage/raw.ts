import { UsageError, type Row, type TableView, type Viewable } from "../core/index.js";
import { checkSectors, checkWrite, checkWritable, isPinned, sectorSize, sectorsOf } from "./block-device.js";
import { acquire, checkEmpty, type FileLike, type Purpose } from "./file.js";
import { mapView, type Image, type Mapping, type MapRow } from "./image.js";

/** Bytes of zeros written at once where a raw image discards. */
const zeros = new Uint8Array(64 * 1024);

/** A virtual disk whose byte n is byte n of the file. Thin only where the file's own system keeps holes. */
export class RawImage implements Image, Viewable {
  readonly format = "raw";
  readonly name: string;
  readonly sectorSize: 512 = sectorSize;
  readonly sectors: number;
  readonly file: FileLike;
  readonly #opened: "read" | "write";
  readonly #release: () => void;

  constructor(file: FileLike, readonly: boolean) {
    this.name = `raw image ${file.name}`;
    this.file = file;
    this.#opened = file.writable && !readonly ? "write" : "read";
    if (file.size === 0 || file.size % sectorSize !== 0) {
      throw new UsageError(
        `"${file.name}" has ${file.size} bytes, which is no disk of whole sectors`,
        `A raw image has a multiple of ${sectorSize} bytes; the file may have been cut short.`,
      );
    }
    this.sectors = file.size / sectorSize;
    this.#release = acquire(file, this.#opened);
  }

  get writable(): boolean {
    return this.#opened === "write" && !isPinned(this);
  }

  get size(): number {
    return this.sectors * sectorSize;
  }

  /** The byte of the file that holds a byte of the virtual disk. */
  fileOffset(offset: number): number {
    return offset;
  }

  read(lba: number, count: number, purpose: Purpose = "data"): Uint8Array {
    checkSectors(this, lba, count);
    return this.file.read(this.fileOffset(lba * sectorSize), count * sectorSize, purpose);
  }

  write(lba: number, bytes: Uint8Array, purpose: Purpose = "data"): void {
    checkWrite(this, lba, bytes);
    this.file.write(this.fileOffset(lba * sectorSize), bytes, purpose);
  }

  discard(lba: number, count: number): void {
    checkSectors(this, lba, count);
    checkWritable(this);
    for (let done = 0; done < count * sectorSize; done += zeros.length) {
      const span = Math.min(zeros.length, count * sectorSize - done);
      this.file.write(this.fileOffset(lba * sectorSize + done), zeros.subarray(0, span), "data");
    }
  }

  flush(): void {
    this.file.flush();
  }

  map(): readonly MapRow[] {
    return [{ start: 0, length: this.size, kind: "data", offset: this.fileOffset(0) }];
  }

  trace(offset: number): Mapping {
    const place = this.fileOffset(offset);
    const step = {
      key: "file",
      what: "byte of the image file",
      formula: "raw: the file's byte n is the disk's byte n",
      value: place,
      unit: "B",
    };
    return { steps: [step], place: { file: this.file, offset: place } };
  }

  info(): Row {
    return { format: this.format, file: this.file.name, virtualSize: this.size, fileSize: this.file.size };
  }

  view(): TableView {
    return mapView(this);
  }

  close(): void {
    if (this.#opened === "write") this.file.flush();
    this.#release();
    this.file.close?.();
  }
}

/**
 * Makes a raw image of `size` bytes in an empty file. The file grows to its size at once, by a hole where its system can.
 * @throws UsageError for a file that holds anything, or a size that is not whole sectors
 */
export function createRaw(file: FileLike, options: { readonly size: number }): RawImage {
  sectorsOf("a raw image", options.size);
  checkEmpty(file);
  file.truncate(options.size);
  return new RawImage(file, false);
}

/** @throws UsageError for a file that is in use, empty or not whole sectors */
export function openRaw(file: FileLike, options: { readonly readonly?: boolean } = {}): RawImage {
  return new RawImage(file, options.readonly ?? false);
}

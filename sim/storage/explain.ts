import {
  formatBytes,
  formatDuration,
  type GroupView,
  type Nanos,
  type SequenceView,
  type TableView,
  type Viewable,
} from "../core/index.js";
import { sectorSize } from "./block-device.js";
import type { FileAccess } from "./recording.js";
import type { Completion } from "./timed.js";

/** What became of one access of a virtual disk: accesses of files, requests of disks, and the time they took. */
export class Explanation implements Viewable {
  readonly device: string;
  readonly completion: Completion;
  readonly files: readonly FileAccess[];

  constructor(device: string, completion: Completion, files: readonly FileAccess[]) {
    this.device = device;
    this.completion = completion;
    this.files = files;
  }

  get latency(): Nanos {
    return (this.completion.finished - this.completion.issued) as Nanos;
  }

  view(): GroupView {
    return { as: "group", views: [this.sequence(), this.table()] };
  }

  /** Who asks whom: the guest the virtual disk, that its files, the host its disks. */
  sequence(): SequenceView {
    const { op, lba, count, requests } = this.completion;
    const guest = "guest";
    const files = [...new Set(this.files.map(({ file }) => file))];
    const asked = this.files.map(({ file, op: what, offset, length, purpose }) => ({
      from: this.device,
      to: `file ${file}`,
      label: `${what} ${purpose}: ${formatBytes(length)} at byte ${offset}`,
    }));
    const served = requests.map(({ op: what, lba: sector, count: sectors, purpose, finished, arrived }) => ({
      from: "host",
      to: "disk",
      label: `${what} ${purpose}: sectors ${sector} to ${sector + sectors - 1}, ${formatDuration(finished - arrived)}`,
    }));
    return {
      as: "sequence",
      title: `What becomes of a ${op} of ${this.device}?`,
      caption: `Data moves first, file by file; the disk's requests that follow take ${formatDuration(this.latency)}`,
      participants: [guest, this.device, ...files.map((file) => `file ${file}`), "host", "disk"],
      messages: [
        { from: guest, to: this.device, label: `${op} sectors ${lba} to ${lba + count - 1}` },
        ...asked,
        ...served,
        { from: this.device, to: guest, label: `done after ${formatDuration(this.latency)}`, reply: true },
      ],
    };
  }

  /** The disks' requests and what each spent its time on. */
  table(): TableView {
    const { op, count, requests } = this.completion;
    return {
      as: "table",
      title: `${requests.length} disk requests for a ${op} of ${formatBytes(count * sectorSize)}: ${formatDuration(this.latency)}`,
      columns: [
        { key: "purpose" },
        { key: "op", label: "" },
        { key: "sectors" },
        { key: "queued" },
        { key: "seek" },
        { key: "rotation" },
        { key: "transfer" },
        { key: "total" },
      ],
      rows: requests.map(({ purpose, op: what, count: sectors, arrived, started, finished, service }) => ({
        purpose,
        op: what,
        sectors,
        queued: formatDuration(started - arrived),
        seek: formatDuration(service.seek),
        rotation: formatDuration(service.rotation),
        transfer: formatDuration(service.transfer + service.overhead),
        total: formatDuration(finished - arrived),
      })),
    };
  }
}

/**
 * storage: disks, real and virtual, and the way from one to the other.
 *
 * sector      512 bytes, the unit of every disk; its number is its LBA, its cylinder, head and sector its CHS
 * device      numbered sectors (BlockDevice): a disk, a partition, an image, so that each can stand on any other
 * file        bytes at offsets (FileLike): in memory, on a simulated host's volume, or on the student's own disk
 * image       a device kept in a file: raw (byte n is byte n) or qcow2 (clusters found through two levels of tables)
 * thin        a qcow2 image without a backing image: a cluster takes room when it is first written
 * overlay     a qcow2 image on a backing image: what it lacks is read below, what is written is copied up first
 * snapshot    a frozen state inside a qcow2 image, which shares its clusters until they are written
 * drive       what serves accesses in virtual time: a hard disk with an arm over turning platters, or flash
 * volume      a host's files on a partition: blocks, gathered in extents
 * virtual disk  an image in a file of a volume, with a geometry of its own, on the world's clock
 *
 * block-device  BlockDevice, a disk in memory, a window on another device
 * file          FileLike, a file in memory, who has a file open
 * geometry      CHS and LBA
 * image, raw    what images share; the raw one
 * qcow2/        header, tables, refcounts, mapping, snapshots, check, image
 * partition/    partition tables: MBR, GPT
 * drive/        profiles, layout of tracks, hard disk, flash, orders of service
 * disk, timed   the physical disk on a world's clock; what takes time
 * recording     which accesses of files and disks something led to, and which go together
 * host/         volume, file, the partition that has them, making and opening images there
 * virtual-disk  the virtual disk
 * locate        follows a sector down to the platters, step by step
 * explain       what became of an access: of files, of disks, of time
 * workload, compare  patterns of requests and what they measure, on one device and on several
 *
 * Data moves at once and takes its time afterwards: an access first happens to the bytes, which says what disk requests it
 * needs, and these are then served on the clock. Two accesses under way at once see each other's data in the order in
 * which they were issued. Left out: the host's page cache and write caches (as qemu's cache=none with writes that wait
 * for the medium), the CPU's time, and errors of the medium.
 */
export { MemoryDisk, sectorSize, Window, type BlockDevice } from "./block-device.js";
export { copyFile, MemoryFile, type FileLike, type MemoryFileState, type Purpose } from "./file.js";
export type { SparseState } from "./sparse.js";
export { chsLimits, Geometry, type Chs, type GeometryShape } from "./geometry.js";
export type { Image, Mapping, MapRow, Step } from "./image.js";
export { createRaw, openRaw, RawImage } from "./raw.js";
export {
  createQcow2,
  openQcow2,
  type Backing,
  type CreateOptions as Qcow2Options,
  type OpenOptions as Qcow2OpenOptions,
} from "./qcow2/create.js";
export { Qcow2Image } from "./qcow2/image.js";
export { ClusterMap, type Entry } from "./qcow2/mapping.js";
export type { CheckReport, Finding } from "./qcow2/check.js";
export type { Snapshot } from "./qcow2/snapshots.js";
export {
  Partition,
  partitionDisk,
  PartitionTable,
  readPartitions,
  type PartitionSpec,
  type TableOptions,
} from "./partition/table.js";
export { partitionTypes, type PartitionType } from "./partition/types.js";
export {
  driveProfiles,
  type DriveProfile,
  type FlashProfile,
  type HardDiskProfile,
  type ProfileName,
  type SeekCurve,
  type Zone,
} from "./drive/profiles.js";
export { HardDisk } from "./drive/hard-disk.js";
export { Flash } from "./drive/flash.js";
export type { Access, Mechanism, MechanismState, Service } from "./drive/mechanism.js";
export type { SchedulerName } from "./drive/scheduler.js";
export { createDisk, Disk, type DiskOptions, type DiskState, type DiskStatistics } from "./disk.js";
export type { Completion, Drive, Request, Timed } from "./timed.js";
export { HostFile, type Extent, type HostFileState } from "./host/file.js";
export { Volume, type VolumeState } from "./host/volume.js";
export { HostPartition, type HostPartitionState } from "./host/partition.js";
export type { OpenDiskOptions } from "./host/images.js";
export { Explanation } from "./explain.js";
export type { FileAccess } from "./recording.js";
export { VirtualDisk, type DataAccess, type FillOptions, type Host, type ImageOptions } from "./virtual-disk.js";
export { locate, Location } from "./locate.js";
export { distributionPlot, summaryTable, workload, WorkloadResult, type WorkloadOptions } from "./workload.js";
export { compareDevices, compareSchedulers, Comparison, SchedulerComparison } from "./compare.js";

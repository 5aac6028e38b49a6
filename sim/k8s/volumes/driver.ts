import type { Activity, Bytes } from "../../core/index.js";

/** Why a driver could not do what it was asked to, in its own words: `rpc error: code = NotFound desc = …`. */
export class VolumeFailure extends Error {
  override readonly name = "VolumeFailure";
}

/** What is asked of a new volume (CSI, `CreateVolumeRequest`). */
export interface VolumeRequest {
  /** The same name again means the same volume. */
  readonly name: string;
  readonly size: Bytes;
  readonly accessModes: readonly string[];
  /** Of the class. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Where it must be reachable from; undefined where zones mean nothing. */
  readonly zone: string | undefined;
}

/**
 * What makes volumes and gives them to nodes, after the Container Storage Interface (`Controller` service). Calls take time and fail with a
 * `VolumeFailure`; each may be asked for again.
 */
export interface VolumeDriver {
  readonly name: string;
  /** The most volumes that a node may have; undefined for any. */
  readonly maxVolumes: number | undefined;
  /** `CreateVolume`. @returns the volume's handle */
  create(request: VolumeRequest): Activity<string>;
  /** `DeleteVolume`; refused while it is attached. */
  remove(handle: string): Activity<void>;
  /** `ControllerPublishVolume`. */
  attach(handle: string, node: string): Activity<void>;
  /** `ControllerUnpublishVolume`. */
  detach(handle: string, node: string): Activity<void>;
  /** `ControllerExpandVolume`. */
  expand(handle: string, size: Bytes): Activity<void>;
}

/** The driver on a node (CSI, `Node` service). */
export interface NodeDriver {
  readonly name: string;
  readonly maxVolumes: number | undefined;
  /** The block device of a volume that is attached here; undefined on a node without a Linux, or where it isn't attached. */
  device(handle: string): string | undefined;
  /** On a node without a Linux, the volume's files by path; undefined where it isn't attached. */
  files(handle: string): Map<string, string> | undefined;
}

/** A volume as nodes name it in their status (kubernetes, `GetUniqueVolumeNameFromSpec`). */
export const uniqueName = (driver: string, handle: string): string => `kubernetes.io/csi/${driver}^${handle}`;

export const zoneLabel = "topology.kubernetes.io/zone";

/** storage.k8s.io/v1. The notation is in `../notation.ts`. */
export const storage: string = `
StorageClass kind
  provisioner string ! immutable
  parameters map[string]string immutable
  reclaimPolicy string ="Delete" enum(Delete|Retain)
  mountOptions []string
  allowVolumeExpansion bool
  volumeBindingMode string ="Immediate" enum(Immediate|WaitForFirstConsumer)
  allowedTopologies []core.TopologySelectorTerm

VolumeAttachment kind
  spec VolumeAttachmentSpec !
  status VolumeAttachmentStatus

VolumeAttachmentSpec
  attacher string !
  source VolumeAttachmentSource !
  nodeName string !

VolumeAttachmentSource
  persistentVolumeName string
  inlineVolumeSpec core.PersistentVolumeSpec

VolumeAttachmentStatus
  attached bool !
  attachmentMetadata map[string]string
  attachError VolumeError
  detachError VolumeError

VolumeError
  time time
  message string

CSINode kind
  spec CSINodeSpec !

CSINodeSpec
  drivers []CSINodeDriver ! map(name) merge(name)

CSINodeDriver
  name string !
  nodeID string !
  topologyKeys []string
  allocatable VolumeNodeResources

VolumeNodeResources
  count int32

CSIDriver kind
  spec CSIDriverSpec !

CSIDriverSpec
  attachRequired bool
  podInfoOnMount bool
  volumeLifecycleModes []string set
  storageCapacity bool
  fsGroupPolicy string
  tokenRequests []TokenRequest
  requiresRepublish bool
  seLinuxMount bool

TokenRequest
  audience string !
  expirationSeconds int64
`;

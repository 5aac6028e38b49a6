/** storage.k8s.io/v1. The notation is in `../notation.ts`. */
export const storage: string = `
StorageClass kind
  provisioner string #2 ! immutable
  parameters map[string]string #3 immutable
  reclaimPolicy string #4* ="Delete" enum(Delete|Retain)
  mountOptions []string #5
  allowVolumeExpansion bool #6*
  volumeBindingMode string #7* ="Immediate" enum(Immediate|WaitForFirstConsumer)
  allowedTopologies []core.TopologySelectorTerm #8

VolumeAttachment kind
  spec VolumeAttachmentSpec #2 !
  status VolumeAttachmentStatus #3

VolumeAttachmentSpec
  attacher string #1 !
  source VolumeAttachmentSource #2 !
  nodeName string #3 !

VolumeAttachmentSource
  persistentVolumeName string #1*
  inlineVolumeSpec core.PersistentVolumeSpec #2*

VolumeAttachmentStatus
  attached bool #1 !
  attachmentMetadata map[string]string #2
  attachError VolumeError #3*
  detachError VolumeError #4*

VolumeError
  time time #1
  message string #2

CSINode kind
  spec CSINodeSpec #2 !

CSINodeSpec
  drivers []CSINodeDriver #1 ! map(name) merge(name)

CSINodeDriver
  name string #1 !
  nodeID string #2 !
  topologyKeys []string #3
  allocatable VolumeNodeResources #4*

VolumeNodeResources
  count int32 #1*

CSIDriver kind
  spec CSIDriverSpec #2 !

CSIDriverSpec
  attachRequired bool #1*
  podInfoOnMount bool #2*
  volumeLifecycleModes []string #3 set
  storageCapacity bool #4*
  fsGroupPolicy string #5*
  tokenRequests []TokenRequest #6
  requiresRepublish bool #7*
  seLinuxMount bool #8*

TokenRequest
  audience string #1 !
  expirationSeconds int64 #2*
`;

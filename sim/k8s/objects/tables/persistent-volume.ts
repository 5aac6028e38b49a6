/** core/v1: PersistentVolume and PersistentVolumeClaim. The notation is in `../notation.ts`. */
export const persistentVolume: string = `
PersistentVolume kind
  spec PersistentVolumeSpec
  status PersistentVolumeStatus

PersistentVolumeSpec
  capacity map[string]quantity nonempty
  gcePersistentDisk GCEPersistentDiskVolumeSource
  awsElasticBlockStore AWSElasticBlockStoreVolumeSource
  hostPath HostPathVolumeSource
  glusterfs GlusterfsPersistentVolumeSource
  nfs NFSVolumeSource
  rbd RBDPersistentVolumeSource
  iscsi ISCSIPersistentVolumeSource
  cinder CinderPersistentVolumeSource
  cephfs CephFSPersistentVolumeSource
  fc FCVolumeSource
  flocker FlockerVolumeSource
  flexVolume FlexPersistentVolumeSource
  azureFile AzureFilePersistentVolumeSource
  vsphereVolume VsphereVirtualDiskVolumeSource
  quobyte QuobyteVolumeSource
  azureDisk AzureDiskVolumeSource
  photonPersistentDisk PhotonPersistentDiskVolumeSource
  portworxVolume PortworxVolumeSource
  scaleIO ScaleIOPersistentVolumeSource
  local LocalVolumeSource
  storageos StorageOSPersistentVolumeSource
  csi CSIPersistentVolumeSource
  accessModes []string nonempty enum(ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod)
  claimRef ObjectReference atomic
  persistentVolumeReclaimPolicy string ="Retain" enum(Retain|Recycle|Delete)
  storageClassName string
  mountOptions []string
  volumeMode string ="Filesystem" enum(Block|Filesystem)
  nodeAffinity VolumeNodeAffinity
  volumeAttributesClassName string

GlusterfsPersistentVolumeSource
  endpoints string !
  path string !
  readOnly bool
  endpointsNamespace string

RBDPersistentVolumeSource
  monitors []string !
  image string !
  fsType string
  pool string ="rbd"
  user string ="admin"
  keyring string ="/etc/ceph/keyring"
  secretRef SecretReference atomic
  readOnly bool

SecretReference
  name string
  namespace string

ISCSIPersistentVolumeSource
  targetPortal string !
  iqn string !
  lun int32 !
  iscsiInterface string ="default"
  fsType string
  readOnly bool
  portals []string
  chapAuthDiscovery bool
  chapAuthSession bool
  secretRef SecretReference atomic
  initiatorName string

CinderPersistentVolumeSource
  volumeID string !
  fsType string
  readOnly bool
  secretRef SecretReference atomic

CephFSPersistentVolumeSource
  monitors []string !
  path string
  user string
  secretFile string
  secretRef SecretReference atomic
  readOnly bool

FlexPersistentVolumeSource
  driver string !
  fsType string
  secretRef SecretReference atomic
  readOnly bool
  options map[string]string

AzureFilePersistentVolumeSource
  secretName string !
  shareName string !
  readOnly bool
  secretNamespace string

ScaleIOPersistentVolumeSource
  gateway string !
  system string !
  secretRef SecretReference ! atomic
  sslEnabled bool
  protectionDomain string
  storagePool string
  storageMode string ="ThinProvisioned"
  volumeName string
  fsType string ="xfs"
  readOnly bool

LocalVolumeSource
  path string !
  fsType string

StorageOSPersistentVolumeSource
  volumeName string
  volumeNamespace string
  fsType string
  readOnly bool
  secretRef ObjectReference atomic

ObjectReference
  kind string
  namespace string
  name string
  uid string
  apiVersion string
  resourceVersion string
  fieldPath string

CSIPersistentVolumeSource
  driver string !
  volumeHandle string !
  readOnly bool
  fsType string
  volumeAttributes map[string]string
  controllerPublishSecretRef SecretReference atomic
  nodeStageSecretRef SecretReference atomic
  nodePublishSecretRef SecretReference atomic
  controllerExpandSecretRef SecretReference atomic
  nodeExpandSecretRef SecretReference atomic

VolumeNodeAffinity
  required NodeSelector atomic

PersistentVolumeStatus
  phase string enum(Pending|Available|Bound|Released|Failed)
  message string
  reason string
  lastPhaseTransitionTime time

PersistentVolumeClaim kind
  spec PersistentVolumeClaimSpec
  status PersistentVolumeClaimStatus

PersistentVolumeClaimStatus
  phase string enum(Pending|Bound|Lost)
  accessModes []string enum(ReadWriteOnce|ReadOnlyMany|ReadWriteMany|ReadWriteOncePod)
  capacity map[string]quantity
  conditions []PersistentVolumeClaimCondition map(type) merge(type)
  allocatedResources map[string]quantity
  allocatedResourceStatuses map[string]string
  currentVolumeAttributesClassName string
  modifyVolumeStatus ModifyVolumeStatus

PersistentVolumeClaimCondition
  type string !
  status string !
  lastProbeTime time
  lastTransitionTime time
  reason string
  message string

ModifyVolumeStatus
  targetVolumeAttributesClassName string
  status string ! enum(Pending|InProgress|Infeasible)
`;

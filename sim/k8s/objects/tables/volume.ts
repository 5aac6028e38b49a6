/** core/v1: the volumes of a pod. The notation is in `../notation.ts`. */
export const volume: string = `
Volume
  name string ! dns-label
  hostPath HostPathVolumeSource
  emptyDir EmptyDirVolumeSource
  gcePersistentDisk GCEPersistentDiskVolumeSource
  awsElasticBlockStore AWSElasticBlockStoreVolumeSource
  gitRepo GitRepoVolumeSource
  secret SecretVolumeSource
  nfs NFSVolumeSource
  iscsi ISCSIVolumeSource
  glusterfs GlusterfsVolumeSource
  persistentVolumeClaim PersistentVolumeClaimVolumeSource
  rbd RBDVolumeSource
  flexVolume FlexVolumeSource
  cinder CinderVolumeSource
  cephfs CephFSVolumeSource
  flocker FlockerVolumeSource
  downwardAPI DownwardAPIVolumeSource
  fc FCVolumeSource
  azureFile AzureFileVolumeSource
  configMap ConfigMapVolumeSource
  vsphereVolume VsphereVirtualDiskVolumeSource
  quobyte QuobyteVolumeSource
  azureDisk AzureDiskVolumeSource
  photonPersistentDisk PhotonPersistentDiskVolumeSource
  projected ProjectedVolumeSource
  portworxVolume PortworxVolumeSource
  scaleIO ScaleIOVolumeSource
  storageos StorageOSVolumeSource
  csi CSIVolumeSource
  ephemeral EphemeralVolumeSource
  image ImageVolumeSource

HostPathVolumeSource
  path string !
  type string enum(|DirectoryOrCreate|Directory|FileOrCreate|File|Socket|CharDevice|BlockDevice) =""

EmptyDirVolumeSource
  medium string
  sizeLimit quantity

GCEPersistentDiskVolumeSource
  pdName string !
  fsType string
  partition int32
  readOnly bool

AWSElasticBlockStoreVolumeSource
  volumeID string !
  fsType string
  partition int32
  readOnly bool

GitRepoVolumeSource
  repository string !
  revision string
  directory string

SecretVolumeSource
  secretName string
  items []KeyToPath
  defaultMode int32 =420 range(0..511)
  optional bool

KeyToPath
  key string !
  path string !
  mode int32 range(0..511)

NFSVolumeSource
  server string !
  path string !
  readOnly bool

ISCSIVolumeSource
  targetPortal string !
  iqn string !
  lun int32 !
  iscsiInterface string ="default"
  fsType string
  readOnly bool
  portals []string
  chapAuthDiscovery bool
  chapAuthSession bool
  secretRef LocalObjectReference atomic
  initiatorName string

LocalObjectReference
  name string =""

GlusterfsVolumeSource
  endpoints string !
  path string !
  readOnly bool

PersistentVolumeClaimVolumeSource
  claimName string !
  readOnly bool

RBDVolumeSource
  monitors []string !
  image string !
  fsType string
  pool string ="rbd"
  user string ="admin"
  keyring string ="/etc/ceph/keyring"
  secretRef LocalObjectReference atomic
  readOnly bool

FlexVolumeSource
  driver string !
  fsType string
  secretRef LocalObjectReference atomic
  readOnly bool
  options map[string]string

CinderVolumeSource
  volumeID string !
  fsType string
  readOnly bool
  secretRef LocalObjectReference atomic

CephFSVolumeSource
  monitors []string !
  path string
  user string
  secretFile string
  secretRef LocalObjectReference atomic
  readOnly bool

FlockerVolumeSource
  datasetName string
  datasetUUID string

DownwardAPIVolumeSource
  items []DownwardAPIVolumeFile
  defaultMode int32 =420 range(0..511)

DownwardAPIVolumeFile
  path string !
  fieldRef ObjectFieldSelector atomic
  resourceFieldRef ResourceFieldSelector atomic
  mode int32

FCVolumeSource
  targetWWNs []string
  lun int32
  fsType string
  readOnly bool
  wwids []string

AzureFileVolumeSource
  secretName string !
  shareName string !
  readOnly bool

ConfigMapVolumeSource
  name string =""
  items []KeyToPath
  defaultMode int32 =420 range(0..511)
  optional bool

VsphereVirtualDiskVolumeSource
  volumePath string !
  fsType string
  storagePolicyName string
  storagePolicyID string

QuobyteVolumeSource
  registry string !
  volume string !
  readOnly bool
  user string
  group string
  tenant string

AzureDiskVolumeSource
  diskName string !
  diskURI string !
  cachingMode string enum(None|ReadOnly|ReadWrite)
  fsType string ="ext4"
  readOnly bool =false
  kind string enum(Shared|Dedicated|Managed)

PhotonPersistentDiskVolumeSource
  pdID string !
  fsType string

ProjectedVolumeSource
  sources []VolumeProjection
  defaultMode int32 =420 range(0..511)

VolumeProjection
  secret SecretProjection
  downwardAPI DownwardAPIProjection
  configMap ConfigMapProjection
  serviceAccountToken ServiceAccountTokenProjection
  clusterTrustBundle ClusterTrustBundleProjection

SecretProjection
  name string =""
  items []KeyToPath
  optional bool

DownwardAPIProjection
  items []DownwardAPIVolumeFile

ConfigMapProjection
  name string =""
  items []KeyToPath
  optional bool

ServiceAccountTokenProjection
  audience string
  expirationSeconds int64 =3600 min(600)
  path string !

ClusterTrustBundleProjection
  name string
  signerName string
  labelSelector meta.LabelSelector atomic
  optional bool
  path string !

PortworxVolumeSource
  volumeID string !
  fsType string
  readOnly bool

ScaleIOVolumeSource
  gateway string !
  system string !
  secretRef LocalObjectReference ! atomic
  sslEnabled bool
  protectionDomain string
  storagePool string
  storageMode string ="ThinProvisioned"
  volumeName string
  fsType string ="xfs"
  readOnly bool

StorageOSVolumeSource
  volumeName string
  volumeNamespace string
  fsType string
  readOnly bool
  secretRef LocalObjectReference atomic

CSIVolumeSource
  driver string !
  readOnly bool
  fsType string
  volumeAttributes map[string]string
  nodePublishSecretRef LocalObjectReference atomic

EphemeralVolumeSource
  volumeClaimTemplate PersistentVolumeClaimTemplate

PersistentVolumeClaimTemplate
  metadata meta.ObjectMeta
  spec PersistentVolumeClaimSpec !

PersistentVolumeClaimSpec
  accessModes []string nonempty enum(ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod)
  selector meta.LabelSelector atomic
  resources VolumeResourceRequirements
  volumeName string
  storageClassName string
  volumeMode string ="Filesystem" enum(Block|Filesystem)
  dataSource TypedLocalObjectReference atomic
  dataSourceRef TypedObjectReference
  volumeAttributesClassName string

VolumeResourceRequirements
  limits map[string]quantity
  requests map[string]quantity

TypedLocalObjectReference
  apiGroup string
  kind string !
  name string !

TypedObjectReference
  apiGroup string
  kind string !
  name string !
  namespace string

ImageVolumeSource
  reference string
  pullPolicy string enum(Always|Never|IfNotPresent)
`;

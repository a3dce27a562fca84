/** What is known about well-known alerts: the action that is tried first, those that may be right instead, and why. */
import type { Action } from './actions.ts'

/** The kind of object an action is about; its name is the value of the label of that kind. */
export type Target =
  | 'pod'
  | 'workload'
  | 'deployment'
  | 'statefulset'
  | 'daemonset'
  | 'horizontalpodautoscaler'
  | 'persistentvolumeclaim'
  | 'node'
  | 'job'
  | 'service'

/** One line of what is known. */
export interface AlertRule {
  /** A name for logs and tests. */
  id: string
  /** Fits the alert's name. */
  name: RegExp
  /** Fits its labels' values and annotations, for alerts that others have named; unlike `name` only a hint. */
  text?: RegExp
  /** Most likely first; a model chooses among these and no others. */
  actions: readonly [Action, ...Action[]]
  reason: string
  target: Target
  /** 0..1, how often the first action is right when nothing else is known. */
  confidence: number
  /** Parameters of the first action beside namespace and resource. */
  parameters?: Readonly<Record<string, unknown>>
}

const rule = (
  id: string,
  name: RegExp,
  target: Target,
  actions: AlertRule['actions'],
  confidence: number,
  reason: string,
  more: Pick<AlertRule, 'text' | 'parameters'> = {},
): AlertRule => ({ id, name, target, actions, confidence, reason, ...more })

const ROLLING = { strategy: 'rolling_restart' }

/** Tried from top to bottom: the special before the general. Names are those of kube-prometheus and common exporters. */
export const ALERT_RULES: readonly AlertRule[] = [
  rule(
    'heartbeat',
    /^(Watchdog|InfoInhibitor|DeadMansSwitch)$/i,
    'service',
    ['notify_only'],
    0.99,
    'this alert always fires to show that alerting works; there is nothing to repair',
  ),
  rule(
    'out-of-memory',
    /OOM|Oom|(?<!Host)OutOfMemory/,
    'pod',
    ['increase_resources', 'restart_pod', 'create_heap_dump', 'rollback_deployment'],
    0.85,
    'the container was killed for using more memory than its limit; restarted with the same limit it will be killed again',
    {
      text: /oom.?kill|out of memory/i,
      parameters: { resource_type: 'memory', strategy: 'raise_limit', factor: 1.5 },
    },
  ),
  rule(
    'image-pull',
    /ImagePull|ErrImage|InvalidImageName/i,
    'workload',
    ['rollback_deployment', 'rotate_secrets', 'notify_only'],
    0.8,
    'the image cannot be pulled: its name, its tag or the credentials of the registry are wrong; a restart pulls the same',
    { text: /ImagePullBackOff|ErrImagePull/, parameters: { strategy: 'previous_revision' } },
  ),
  rule(
    'crash-loop',
    /CrashLoop|PodRestartingTooOften|ContainerRestarts?|TooManyRestarts/i,
    'pod',
    ['restart_pod', 'rollback_deployment', 'increase_resources', 'collect_diagnostics'],
    0.75,
    'the container ends again and again soon after its start, and each start waits longer',
    { text: /crash.?loop|back-off restarting/i, parameters: ROLLING },
  ),
  rule(
    'container-waiting',
    /KubeContainerWaiting|CreateContainerConfigError/i,
    'pod',
    ['collect_diagnostics', 'rollback_deployment', 'notify_only'],
    0.65,
    'a container cannot be created: most often a ConfigMap, a Secret or a volume that it names is missing',
    { text: /CreateContainerConfigError/ },
  ),
  rule(
    'pod-not-ready',
    /KubePodNotReady|PodNotReady|PodUnhealthy|PodPending|ReadinessProbe|LivenessProbe/i,
    'pod',
    ['restart_pod', 'collect_diagnostics', 'rollback_deployment', 'scale_deployment'],
    0.65,
    'the pod does not become ready and takes no traffic',
    { text: /(readiness|liveness) probe failed/i, parameters: ROLLING },
  ),
  rule(
    'rollout-stuck',
    /(?<!DaemonSet)RolloutStuck|KubeDeploymentGenerationMismatch|ProgressDeadlineExceeded/i,
    'deployment',
    ['rollback_deployment', 'collect_diagnostics'],
    0.8,
    'the new revision does not become available within its deadline, the old one still works',
    { parameters: { strategy: 'previous_revision' } },
  ),
  rule(
    'deployment-replicas',
    /KubeDeploymentReplicasMismatch|DeploymentReplicas|ReplicasUnavailable/i,
    'deployment',
    ['restart_pod', 'rollback_deployment', 'scale_deployment', 'collect_diagnostics'],
    0.6,
    'fewer replicas are available than the deployment asks for',
    { parameters: ROLLING },
  ),
  rule(
    'statefulset-replicas',
    /KubeStatefulSet(ReplicasMismatch|UpdateNotRolledOut|GenerationMismatch)|StatefulSetReplicas/i,
    'statefulset',
    ['collect_diagnostics', 'restart_pod', 'scale_statefulset'],
    0.6,
    'a member of the stateful set is missing; it holds data, so look before it is replaced',
  ),
  rule(
    'daemonset-rollout',
    /KubeDaemonSet(RolloutStuck|NotScheduled|MisScheduled)|DaemonSetUnhealthy/i,
    'daemonset',
    ['restart_daemonset', 'collect_diagnostics', 'notify_only'],
    0.65,
    'the daemon does not run on every node that it belongs to',
    { parameters: ROLLING },
  ),
  rule(
    'hpa-maxed-out',
    /KubeHpaMaxedOut|HpaMaxedOut|KubeHpaReplicasMismatch|HPA.*Max/i,
    'horizontalpodautoscaler',
    ['update_hpa', 'optimize_resources', 'scale_deployment', 'notify_only'],
    0.75,
    'the autoscaler wants more replicas than its maximum allows',
    { parameters: { field: 'max_replicas', strategy: 'raise_maximum', factor: 1.5 } },
  ),
  rule(
    'cpu-throttling',
    /CPUThrottling/i,
    'pod',
    ['increase_resources', 'optimize_resources', 'scale_deployment'],
    0.8,
    'the container is held back because it reaches its CPU limit',
    { parameters: { resource_type: 'cpu', strategy: 'raise_limit', factor: 1.5 } },
  ),
  rule(
    'node-memory',
    /Node.*Memory|MemoryPressure|HostOutOfMemory|KubeMemoryOvercommit/i,
    'node',
    ['cordon_node', 'migrate_workload', 'optimize_resources', 'notify_only'],
    0.6,
    'the node is short of memory and will evict pods',
    { text: /MemoryPressure/, parameters: { strategy: 'stop_scheduling' } },
  ),
  rule(
    'high-memory',
    /HighMemory|MemoryUsage|MemoryHigh|ContainerMemory|MemoryLeak/i,
    'pod',
    ['increase_resources', 'restart_pod', 'create_heap_dump', 'scale_deployment'],
    0.7,
    'memory use is close to the limit; beyond it the container is killed',
    { parameters: { resource_type: 'memory', strategy: 'raise_limit', factor: 1.5 } },
  ),
  rule(
    'high-cpu',
    /HighCPU|CPUUsage|CPUHigh|CPUOvercommit|HighLoad|NodeCPU|NodeSystemSaturation/i,
    'workload',
    ['scale_deployment', 'increase_resources', 'update_hpa', 'optimize_resources'],
    0.65,
    'the processors are fully used and work waits for them',
    { parameters: { strategy: 'add_replicas', factor: 1.5 } },
  ),
  rule(
    'volume-filling',
    /PersistentVolume(FillingUp|InodesFillingUp|Usage)|PVC(Full|Usage|FillingUp)|VolumeFull/i,
    'persistentvolumeclaim',
    ['expand_pvc', 'cleanup_storage', 'compact_storage'],
    0.85,
    'the volume will be full; a full volume stops whoever writes to it',
    { parameters: { strategy: 'grow', factor: 1.5 } },
  ),
  rule(
    'volume-errors',
    /PersistentVolume(Errors|NotReady)|KubePersistentVolumeErrors|VolumeOutOfSync/i,
    'persistentvolumeclaim',
    ['collect_diagnostics', 'notify_only'],
    0.6,
    'the volume could not be provisioned or attached',
  ),
  rule(
    'disk-filling',
    /(Node|Host)?(Filesystem|Disk)(Space|Files|Almost|Out|Usage|Full|Pressure|Filling|Inodes)|DiskPressure|HostOutOfDiskSpace/i,
    'node',
    ['cleanup_storage', 'drain_node', 'notify_only'],
    0.75,
    "the node's file system is filling up; images and logs that nobody uses are the safe part to remove",
    {
      text: /DiskPressure|no space left/i,
      parameters: { strategy: 'unused_images_and_old_logs' },
    },
  ),
  rule(
    'node-not-ready',
    /KubeNode(NotReady|Unreachable|ReadinessFlapping)|NodeDown|NodeNotReady|KubeletDown|HostDown/i,
    'node',
    ['cordon_node', 'drain_node', 'migrate_workload', 'notify_only'],
    0.7,
    'the node does not report; new pods must not be placed on it until it does',
    { parameters: { strategy: 'stop_scheduling' } },
  ),
  rule(
    'node-network',
    /Node(Network|High.*Conntrack)|NetworkReceiveErrs|NetworkTransmitErrs|NodeNetworkInterfaceFlapping/i,
    'node',
    ['cordon_node', 'restart_network', 'notify_only'],
    0.55,
    "the node's network interface loses packets",
    { parameters: { strategy: 'stop_scheduling' } },
  ),
  rule(
    'clock-skew',
    /ClockSkew|ClockNotSynchronising|NTP/i,
    'node',
    ['notify_only', 'cordon_node'],
    0.7,
    "the node's clock is wrong: certificates and leases fail; time synchronisation needs a person",
  ),
  rule(
    'too-many-pods',
    /KubeletTooManyPods|KubeQuota|QuotaExceeded|QuotaAlmostFull|QuotaFullyUsed/i,
    'node',
    ['optimize_resources', 'migrate_workload', 'notify_only'],
    0.6,
    'the capacity that was granted is used up',
  ),
  rule(
    'job-failed',
    /Kube(Job|CronJob)(Failed|NotCompleted|Running|TooLong|Completion)|JobFailed|CronJobFailed/i,
    'job',
    ['collect_diagnostics', 'notify_only', 'increase_resources'],
    0.7,
    'the job ended without success; run again it may do its work twice, so the cause comes first',
  ),
  rule(
    'etcd-space',
    /etcd(Database|ExcessiveDatabase|.*Quota|.*DatabaseSize)/i,
    'service',
    ['compact_storage', 'backup_data', 'notify_only'],
    0.8,
    'the store of the cluster comes close to its quota, beyond which it takes no writes: compact and defragment one member at a time',
    { parameters: { strategy: 'compact_and_defragment' } },
  ),
  rule(
    'etcd-members',
    /etcd(InsufficientMembers|MembersDown|NoLeader|HighNumberOfLeaderChanges)/i,
    'service',
    ['notify_only', 'backup_data', 'collect_diagnostics'],
    0.85,
    'the quorum of the store of the cluster is in danger; an automatic action could lose it',
  ),
  rule(
    'etcd-slow',
    /^etcd/i,
    'service',
    ['collect_diagnostics', 'notify_only'],
    0.65,
    'the store of the cluster is slow, most often because of its disk or its network',
  ),
  rule(
    'certificate-expiring',
    /Certificate.*(Expir|NotReady|Renew)|CertExpir|KubeClientCertificateExpiration|KubeletClientCertificate|SSLCert/i,
    'service',
    ['rotate_secrets', 'notify_only'],
    0.85,
    'a certificate ends soon and with it every connection that uses it',
    { text: /certificate .*expire/i, parameters: { strategy: 'renew_certificate' } },
  ),
  rule(
    'control-plane-down',
    /Kube(API|Apiserver|Client|Scheduler|ControllerManager|Proxy|StateMetrics).*(Down|Errors|ErrorBudget|Terminated|Latency)|AggregatedAPI/i,
    'service',
    ['notify_only', 'collect_diagnostics'],
    0.8,
    'a part of the control plane does not answer; actions through it cannot be relied on',
  ),
  rule(
    'database-down',
    /(Postgres|MySQL|MariaDB|Mongo|CNPG|Patroni|Database).*(Down|Unavailable|NoPrimary|Failover|Fenced)/i,
    'statefulset',
    ['failover_database', 'collect_diagnostics', 'notify_only'],
    0.65,
    'the primary of the database does not answer',
    { parameters: { strategy: 'promote_replica' } },
  ),
  rule(
    'database-trouble',
    /(Postgres|MySQL|MariaDB|Mongo|CNPG|Redis|Database).*(Replication|Lag|Corrupt|Deadlock|Connections|SlowQuer|Memory)/i,
    'statefulset',
    ['collect_diagnostics', 'optimize_resources', 'repair_database', 'notify_only'],
    0.6,
    'the database works, but slower or with less safety than it should',
  ),
  rule(
    'queue-backlog',
    /(Consumer|Kafka|Queue|RabbitMQ|NATS).*(Lag|Backlog|TooMany|Growing|Full)|UnprocessedMessages/i,
    'workload',
    ['scale_deployment', 'restart_pod', 'collect_diagnostics'],
    0.7,
    'more work arrives than is done',
    { parameters: { strategy: 'add_replicas', factor: 2 } },
  ),
  rule(
    'error-rate',
    /(High|Elevated|Too.?Many).*(Error|5xx|Fail)|ErrorRate|ErrorBudgetBurn|Http5xx|RequestErrors/i,
    'workload',
    ['rollback_deployment', 'restart_pod', 'collect_diagnostics', 'reset_service_mesh'],
    0.6,
    'too many requests fail; most often that begins with a new version',
    { text: /error rate|5xx/i, parameters: { strategy: 'previous_revision' } },
  ),
  rule(
    'latency',
    /Latency|SlowRe(quest|sponse)|ResponseTime|HighRequestDuration/i,
    'workload',
    ['scale_deployment', 'increase_resources', 'update_hpa', 'collect_diagnostics'],
    0.65,
    'answers take too long; more replicas help when the load is the cause',
    { text: /latency|p9[59]/i, parameters: { strategy: 'add_replicas', factor: 1.5 } },
  ),
  rule(
    'dns',
    /CoreDNS|KubeDNS|DNS(Down|Error|Failure)/i,
    'deployment',
    ['restart_network', 'restart_pod', 'scale_deployment'],
    0.7,
    'names are not resolved, so that services do not find each other',
    { parameters: ROLLING },
  ),
  rule(
    'network-policy',
    /NetworkPolicy|ConnectionRefused|ConnectionDenied|CiliumDrop|CalicoDenied/i,
    'workload',
    ['collect_diagnostics', 'update_network_policy', 'reset_service_mesh'],
    0.5,
    'connections are refused or dropped on their way',
  ),
  rule(
    'intrusion',
    /Falco|Intrusion|Suspicious|Malware|CryptoMin|PrivilegeEscalation|Unauthorized/i,
    'pod',
    ['quarantine_pod', 'audit_logs', 'rotate_secrets', 'notify_only'],
    0.7,
    'somebody may be at work who should not be; cut off the pod, keep it for the inquiry',
    { parameters: { strategy: 'deny_all_traffic' } },
  ),
  rule(
    'backup-failed',
    /Backup.*(Fail|Missing|Old|Late)|Velero|WALArchiv/i,
    'service',
    ['backup_data', 'collect_diagnostics', 'notify_only'],
    0.75,
    'the last good backup is older than it may be',
    { parameters: { strategy: 'run_now' } },
  ),
  rule(
    'target-down',
    /TargetDown|InstanceDown|EndpointDown|ServiceDown|ProbeFailed|BlackboxProbe|UpMetricMissing|AbsentMetric/i,
    'service',
    ['collect_diagnostics', 'restart_pod', 'notify_only'],
    0.6,
    'what is watched does not answer; whether it is down or only out of sight is not known yet',
    { text: /targets? .*down|is down/i },
  ),
]

/** For what nobody has written down. */
export const UNKNOWN_RULE: AlertRule = rule(
  'unknown',
  /^/,
  'workload',
  ['notify_only', 'collect_diagnostics'],
  0.2,
  'nothing is known about this alert, so a person has to look',
)

/** A hint in the text is worth less than the name. */
const TEXT_FACTOR = 0.8

/** The rule that fits best, and how sure its first action is. */
export function findRule(
  name: string,
  texts: readonly string[],
): { rule: AlertRule; confidence: number } {
  const named = ALERT_RULES.find(entry => entry.name.test(name))
  // A crash loop whose text says "OOMKilled" is the other alert: the earlier line of the table wins.
  const told = ALERT_RULES.find(({ text }) => text && texts.some(value => text.test(value)))
  if (told && (!named || ALERT_RULES.indexOf(told) < ALERT_RULES.indexOf(named))) {
    return { rule: told, confidence: told.confidence * (named ? 1 : TEXT_FACTOR) }
  }
  return { rule: named ?? UNKNOWN_RULE, confidence: (named ?? UNKNOWN_RULE).confidence }
}

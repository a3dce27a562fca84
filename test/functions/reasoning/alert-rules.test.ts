import { expect, it } from 'vitest'
import { ALERT_RULES, findRule } from '../../../functions/reasoning/alert-rules.ts'

it.each([
  ['Watchdog', 'heartbeat', 'notify_only'],
  ['KubePodCrashLooping', 'crash-loop', 'restart_pod'],
  ['KubePodNotReady', 'pod-not-ready', 'restart_pod'],
  ['PodOOMKilled', 'out-of-memory', 'increase_resources'],
  ['ContainerOOMKilled', 'out-of-memory', 'increase_resources'],
  ['KubeContainerWaiting', 'container-waiting', 'collect_diagnostics'],
  ['ImagePullBackOff', 'image-pull', 'rollback_deployment'],
  ['HighMemoryUsage', 'high-memory', 'increase_resources'],
  ['HighCPUUsage', 'high-cpu', 'scale_deployment'],
  ['CPUThrottlingHigh', 'cpu-throttling', 'increase_resources'],
  ['KubePersistentVolumeFillingUp', 'volume-filling', 'expand_pvc'],
  ['KubePersistentVolumeErrors', 'volume-errors', 'collect_diagnostics'],
  ['NodeFilesystemSpaceFillingUp', 'disk-filling', 'cleanup_storage'],
  ['NodeFilesystemAlmostOutOfSpace', 'disk-filling', 'cleanup_storage'],
  ['NodeMemoryHighUtilization', 'node-memory', 'cordon_node'],
  ['KubeNodeNotReady', 'node-not-ready', 'cordon_node'],
  ['KubeNodeUnreachable', 'node-not-ready', 'cordon_node'],
  ['NodeNetworkReceiveErrs', 'node-network', 'cordon_node'],
  ['NodeClockSkewDetected', 'clock-skew', 'notify_only'],
  ['KubeletTooManyPods', 'too-many-pods', 'optimize_resources'],
  ['KubeQuotaFullyUsed', 'too-many-pods', 'optimize_resources'],
  ['KubeDeploymentReplicasMismatch', 'deployment-replicas', 'restart_pod'],
  ['KubeDeploymentRolloutStuck', 'rollout-stuck', 'rollback_deployment'],
  ['KubeStatefulSetReplicasMismatch', 'statefulset-replicas', 'collect_diagnostics'],
  ['KubeDaemonSetRolloutStuck', 'daemonset-rollout', 'restart_daemonset'],
  ['KubeHpaMaxedOut', 'hpa-maxed-out', 'update_hpa'],
  ['KubeJobFailed', 'job-failed', 'collect_diagnostics'],
  ['KubeJobNotCompleted', 'job-failed', 'collect_diagnostics'],
  ['TargetDown', 'target-down', 'collect_diagnostics'],
  ['etcdInsufficientMembers', 'etcd-members', 'notify_only'],
  ['etcdDatabaseQuotaLowSpace', 'etcd-space', 'compact_storage'],
  ['etcdHighFsyncDurations', 'etcd-slow', 'collect_diagnostics'],
  ['CertificateExpiringSoon', 'certificate-expiring', 'rotate_secrets'],
  ['KubeClientCertificateExpiration', 'certificate-expiring', 'rotate_secrets'],
  ['KubeAPIDown', 'control-plane-down', 'notify_only'],
  ['PostgresqlDown', 'database-down', 'failover_database'],
  ['PostgresqlReplicationLag', 'database-trouble', 'collect_diagnostics'],
  ['KafkaConsumerLag', 'queue-backlog', 'scale_deployment'],
  ['HighErrorRate', 'error-rate', 'rollback_deployment'],
  ['HighLatency', 'latency', 'scale_deployment'],
  ['CoreDNSDown', 'dns', 'restart_network'],
  ['FalcoCriticalEvent', 'intrusion', 'quarantine_pod'],
  ['BackupFailed', 'backup-failed', 'backup_data'],
  ['MyOwnAlert', 'unknown', 'notify_only'],
])('%s is %s: %s first', (name, id, action) => {
  const { rule } = findRule(name, [])
  expect([rule.id, rule.actions[0]]).toEqual([id, action])
})

it('knows a crash loop that runs out of memory for what it is', () => {
  expect(findRule('KubePodCrashLooping', ['Last state: OOMKilled']).rule.id).toBe('out-of-memory')
})

it('reads the text of an alert with a name of its own, and is less sure', () => {
  const named = findRule('KubePodCrashLooping', [])
  const told = findRule('ShopBroken', ['the pod is in CrashLoopBackOff'])
  expect(told.rule.id).toBe('crash-loop')
  expect(told.confidence).toBeLessThan(named.confidence)
})

it('has distinct ids, distinct actions in each line, and a confidence that can be one', () => {
  const ids = ALERT_RULES.map(rule => rule.id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { actions, confidence } of ALERT_RULES) {
    expect(new Set(actions).size).toBe(actions.length)
    expect(confidence).toBeGreaterThan(0)
    expect(confidence).toBeLessThan(1)
  }
})

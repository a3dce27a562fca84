/** What a person sees when the platform is ready. */
import type { TriggerResource } from '../emulator/manifests/types.ts'
import type { Platform } from './platform.ts'

/** The first screen: where to go, what listens to what, where things are kept. */
export function toScreen(platform: Platform, readyMs: number, stateDirectory: string): string {
  const { emulator, manifests, stores, env, envFile } = platform
  const rows = manifests.services.map(({ name, template }) => [
    name,
    `http://${name}.localhost:${emulator.port}`,
    triggersOf(name, manifests.triggers),
    `0→${template.annotations['autoscaling.knative.dev/max-scale'] ?? '∞'}`,
  ])
  const pending = emulator.eventing.status().triggers.reduce((sum, { pending }) => sum + pending, 0)
  const models = stores.kinds.models
  return [
    '',
    `aiwfe is ready in ${Math.round(readyMs)} ms            ${env.GATEWAY_URL}`,
    '',
    ...trustOf(env),
    ...table([['function', 'url', 'events', 'scale'], ...rows]),
    '',
    `  broker    ${env.BROKER_URL}   ${manifests.triggers.length} triggers · ${pending} pending`,
    `  stores    ${Object.entries(stores.kinds)
      .map(([name, { kind, detail }]) => `${name}: ${kind} ${detail}`)
      .join(' · ')}`,
    ...(models.kind === 'embedded'
      ? [
          '            models are emulated: answers are extracts of what was said. Set OLLAMA_HOST for a real one',
        ]
      : []),
    `  login     ${env.ADMIN_EMAIL} · password and all addresses in ${envFile}`,
    `  kubectl   export KUBECONFIG=${env.KUBECONFIG}`,
    `  state     ${stateDirectory} (kept)`,
    '',
    '  npm run demo plays a conversation · Ctrl-C stops everything',
    '',
  ].join('\n')
}

/** How to make clients trust the certificates of this machine. */
function trustOf({ GATEWAY_TLS_URL, AIWFE_CA_FILE }: Platform['env']): string[] {
  if (GATEWAY_TLS_URL === undefined) return []
  return [
    `  https     ${GATEWAY_TLS_URL}   every function also at https://<name>.localhost:${URL.parse(GATEWAY_TLS_URL)?.port}`,
    `  trust     curl --cacert ${AIWFE_CA_FILE} · NODE_EXTRA_CA_CERTS=${AIWFE_CA_FILE} · browsers: import it as an authority`,
    '',
  ]
}

function triggersOf(name: string, triggers: readonly TriggerResource[]): string {
  const own = triggers.filter(trigger => trigger.subscriber.ref?.name === name)
  if (own.length === 0) return '–'
  return own
    .map(({ filter, delivery }) => {
      const what = filter?.type ?? 'all'
      return `${what}${delivery?.retry === undefined ? '' : ` (retry ${delivery.retry})`}`
    })
    .join(', ')
}

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map(row => row[column]?.length ?? 0)),
  )
  return rows.map(row =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ')}`.trimEnd(),
  )
}

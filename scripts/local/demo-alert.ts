/** The alert of the demo: Alertmanager's own body as a CloudEvent, and its analysis as the reply through the broker. */
import { randomUUID } from 'node:crypto'
import { alertAnalyzed, alertFired } from '../../shared/contracts/reasoning.ts'
import type { Narrator } from './demo-narrator.ts'

const ANALYSIS_TIMEOUT_MS = 30_000

/** Sends it and waits for the reply; @throws Error when none comes or it has not the promised shape. */
export async function playAlert(env: Record<string, string>, narrator: Narrator): Promise<void> {
  const id = randomUUID()
  narrator.say('Alertmanager tells of a pod that keeps crashing, as a CloudEvent to the broker')
  const response = await fetch(env.BROKER_URL ?? '', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': '/alertmanager',
      'ce-type': alertFired.type,
    },
    body: JSON.stringify(alertmanagerMessage()),
  })
  if (response.status !== 202) throw new Error(`the broker answered ${response.status}`)
  const reply = await untilReplied(env.GATEWAY_URL ?? '', id)
  narrator.say(`the reply came back through the broker: ${alertAnalyzed.type}`)
  for (const { alert, analysis } of reply.analyses) {
    narrator.show(`${alert}: ${analysis.action}, confidence ${analysis.confidence}`)
    narrator.show(analysis.reasoning.summary)
    if (analysis.degraded) narrator.show('degraded: by rules, no model answered')
  }
  if (reply.analyses.length !== 1)
    throw new Error(`expected one analysis, got ${reply.analyses.length}`)
}

interface Reply {
  analyses: {
    alert: string
    analysis: {
      action: string
      confidence: number
      degraded: boolean
      reasoning: { summary: string }
    }
  }[]
}

async function untilReplied(url: string, id: string): Promise<Reply> {
  const begun = performance.now()
  while (performance.now() - begun < ANALYSIS_TIMEOUT_MS) {
    const record = await find(url, id)
    const delivery = record?.deliveries.find(({ reply }) => reply)
    if (delivery?.reply) {
      const answer = await find(url, delivery.reply.id)
      if (answer?.data) return answer.data
    }
    if (record && ['failed', 'deadLettered', 'filtered'].includes(record.state)) {
      throw new Error(`the alert ended as ${record.state}`)
    }
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  throw new Error(`no analysis came within ${ANALYSIS_TIMEOUT_MS / 1000} s`)
}

interface Found {
  state: string
  deliveries: { reply?: { id: string } }[]
  data?: Reply
}

async function find(url: string, id: string): Promise<Found | undefined> {
  const response = await fetch(`${url}/_emulator/event?id=${encodeURIComponent(id)}`)
  return response.ok ? ((await response.json()) as Found) : undefined
}

/** Alertmanager's webhook body, version 4. */
function alertmanagerMessage(): object {
  return {
    version: '4',
    groupKey: '{}:{alertname="KubePodCrashLooping"}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'aiwfe',
    groupLabels: { alertname: 'KubePodCrashLooping' },
    commonLabels: { alertname: 'KubePodCrashLooping', severity: 'critical' },
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example',
    alerts: [
      {
        status: 'firing',
        labels: {
          alertname: 'KubePodCrashLooping',
          severity: 'critical',
          namespace: 'shop',
          pod: 'checkout-6d5f9c7b8-x2x4q',
          container: 'checkout',
        },
        annotations: {
          summary: 'Pod is crash looping',
          description: 'Pod shop/checkout-6d5f9c7b8-x2x4q restarted 7 times in 10 minutes',
        },
        startsAt: new Date().toISOString(),
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: 'http://prometheus.example/graph',
        fingerprint: randomUUID().replaceAll('-', '').slice(0, 16),
      },
    ],
  }
}

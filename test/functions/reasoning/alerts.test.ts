import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import reasoning from '../../../functions/reasoning/index.ts'
import type { AlertAnalysis, AlertAnalyzed } from '../../../shared/contracts/reasoning.ts'
import { alertAnalyzed, alertFired } from '../../../shared/contracts/reasoning.ts'
import { parseEvent } from '../../../shared/event.ts'
import { createTestApp, type TestApp } from '../../fixtures/function.ts'
import { openDatabase, type TestDatabase } from '../../fixtures/stores.ts'
import { ANN, NO_MODEL, type ScriptedModel, scriptedModel } from './harness.ts'

const ALERT = {
  name: 'KubePodCrashLooping',
  severity: 'critical',
  namespace: 'shop',
  resource: 'cart-7d9',
  labels: { pod: 'cart-7d9', namespace: 'shop' },
  annotations: { summary: 'Pod cart-7d9 is crash looping' },
}
const GOOD = {
  summary: 'cart-7d9 crashes on start',
  primary_reason: 'its last version does not start',
  action: 'rollback_deployment',
}
let database: TestDatabase

beforeAll(async () => {
  database = await openDatabase(['reasoning'])
})
afterAll(() => database.close())
beforeEach(async () => {
  await database.sql`delete from reasoning.analyses`
})

function appWith(model: ScriptedModel): TestApp<object> {
  return createTestApp(reasoning, {
    call: model.call,
    env: { DATABASE_URL: database.url },
    clients: { sql: database.sql },
  }) as unknown as TestApp<object>
}

async function analyze(model: ScriptedModel, alert: object = ALERT): Promise<AlertAnalysis> {
  const response = await appWith(model).request('/api/v1/analyze-alert', {
    method: 'POST',
    body: JSON.stringify({
      alert,
      context: { request_id: 'r-1', timestamp: '2026-01-01T00:00:00Z' },
    }),
    as: ANN,
  })
  expect(response.status).toBe(200)
  return (await response.json()) as AlertAnalysis
}

describe('POST /api/v1/analyze-alert', () => {
  it('answers with exactly the keys of its contract', async () => {
    const analysis = await analyze(scriptedModel(NO_MODEL))
    expect(Object.keys(analysis).toSorted()).toEqual([
      'action',
      'confidence',
      'degraded',
      'method',
      'parameters',
      'reasoning',
    ])
    expect(Object.keys(analysis.reasoning).toSorted()).toEqual([
      'historical_context',
      'oscillation_risk',
      'primary_reason',
      'summary',
    ])
  })

  it('answers by rules when there is no model, marked as degraded', async () => {
    expect(await analyze(scriptedModel(NO_MODEL))).toMatchObject({
      action: 'restart_pod',
      confidence: 0.75,
      method: 'rules',
      degraded: true,
      parameters: { namespace: 'shop', resource: 'cart-7d9', strategy: 'rolling_restart' },
      reasoning: { historical_context: 'not seen in the last 24 hours' },
    })
  })

  it('lets a model explain, and choose among what the rules allow', async () => {
    expect(await analyze(scriptedModel(GOOD))).toMatchObject({
      action: 'rollback_deployment',
      confidence: 0.6,
      method: 'model',
      degraded: false,
      reasoning: { summary: GOOD.summary, primary_reason: GOOD.primary_reason },
    })
  })

  it.each([
    ['an action that nobody allowed', { ...GOOD, action: 'drain_node' }],
    ['an empty reason', { ...GOOD, primary_reason: ' ' }],
    ['no JSON', 'restart it!'],
  ])('does not follow a model that answers with %s', async (_, answer) => {
    const model = scriptedModel(answer)
    expect(await analyze(model)).toMatchObject({
      action: 'restart_pod',
      method: 'rules',
      degraded: true,
    })
    expect(model.asked).toHaveLength(2)
  })

  it('says what it has advised before, and sees when that goes in circles', async () => {
    const risks: string[] = []
    let last: AlertAnalysis | undefined
    for (let turn = 0; turn < 4; turn += 1) {
      last = await analyze(scriptedModel(NO_MODEL))
      risks.push(last.reasoning.oscillation_risk.split(':')[0] ?? '')
    }
    expect(risks).toEqual(['none', 'low', 'low', 'high'])
    expect(last?.confidence).toBeLessThan(0.75)
    expect(last?.reasoning.historical_context).toMatch(
      /^analysed 3 times in the last 24 hours; last at .* with the advice restart_pod$/,
    )
  })

  it('keeps the history of people apart', async () => {
    await analyze(scriptedModel(NO_MODEL))
    const response = await appWith(scriptedModel(NO_MODEL)).request('/api/v1/analyze-alert', {
      method: 'POST',
      body: JSON.stringify({ alert: ALERT }),
      as: { ...ANN, sub: 'bob' },
    })
    const analysis = (await response.json()) as AlertAnalysis
    expect(analysis.reasoning.historical_context).toBe('not seen in the last 24 hours')
  })

  it('answers without a history when the database is away', async () => {
    const app = createTestApp(reasoning, {
      call: scriptedModel(GOOD).call,
      env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    })
    const response = await app.request('/api/v1/analyze-alert', {
      method: 'POST',
      body: JSON.stringify({ alert: ALERT }),
      as: ANN,
    })
    expect(await response.json()).toMatchObject({
      reasoning: { historical_context: 'the history cannot be read at the moment' },
    })
    await app.deps.close()
  })
})

describe('an alert event', () => {
  const fired = (status = 'firing') => ({
    version: '4',
    groupKey: '{}:{alertname="KubePodCrashLooping"}',
    status,
    receiver: 'aiwfe',
    alerts: [
      {
        status,
        labels: {
          alertname: 'KubePodCrashLooping',
          severity: 'critical',
          namespace: 'shop',
          pod: 'cart-7d9',
        },
        annotations: ALERT.annotations,
        startsAt: '2026-01-01T00:00:00Z',
        fingerprint: 'abc',
      },
    ],
  })

  async function reply(app: TestApp<object>, data: unknown, id: string) {
    const response = await app.deliver(alertFired.type, data, { id, source: '/alertmanager' })
    expect(response.status).toBe(200)
    return parseEvent(response.headers, await response.text())
  }

  it('is answered with the analysis of each alert', async () => {
    const event = await reply(appWith(scriptedModel(GOOD)), fired(), 'e-1')
    expect(event).toMatchObject({ type: alertAnalyzed.type, source: '/reasoning' })
    expect(event.extensions.causationid).toBe('e-1')
    const data = event.data as AlertAnalyzed
    expect(data).toMatchObject({
      group_key: '{}:{alertname="KubePodCrashLooping"}',
      analyses: [
        {
          fingerprint: 'abc',
          alert: 'KubePodCrashLooping',
          analysis: { action: 'rollback_deployment' },
        },
      ],
    })
    expect(alertAnalyzed.data().safeParse(data).success).toBe(true)
  })

  it.each([
    ['an id', { id: 'a\0b' }, {}],
    ['a label', {}, { labels: { alertname: 'a\0b' } }],
  ])('with %s that no database can hold is final', async (_, attributes, alert) => {
    const data = { ...fired(), alerts: [{ ...fired().alerts[0], ...alert }] }
    const app = appWith(scriptedModel(GOOD))
    expect((await app.deliver(alertFired.type, data, attributes)).status).toBe(400)
  })

  it('that comes again has the same reply, though the model has changed its mind', async () => {
    const first = await reply(appWith(scriptedModel(GOOD)), fired(), 'e-2')
    const model = scriptedModel(NO_MODEL)
    const again = await reply(appWith(model), fired(), 'e-2')
    expect(model.asked).toHaveLength(0)
    expect([again.id, again.time, again.data]).toEqual([first.id, first.time, first.data])
    const [row] = await database.sql`select count(*)::int as count from reasoning.analyses`
    expect(row?.count).toBe(1)
  })

  it('that comes twice at once is analysed once', async () => {
    const app = appWith(scriptedModel(GOOD))
    const [one, two] = await Promise.all([reply(app, fired(), 'e-3'), reply(app, fired(), 'e-3')])
    expect(one.data).toEqual(two.data)
    const [row] = await database.sql`select count(*)::int as count from reasoning.analyses`
    expect(row?.count).toBe(1)
  })

  it('of another source with the same id is another event', async () => {
    const app = appWith(scriptedModel(GOOD))
    const first = await reply(app, fired(), 'e-4')
    const response = await app.deliver(alertFired.type, fired(), { id: 'e-4', source: '/other' })
    const other = parseEvent(response.headers, await response.text())
    expect(other.id).not.toBe(first.id)
  })

  it('of a resolved alert asks for nothing to be done, and asks no model', async () => {
    const model = scriptedModel(GOOD)
    const event = await reply(appWith(model), fired('resolved'), 'e-5')
    expect((event.data as AlertAnalyzed).analyses[0]?.analysis).toMatchObject({
      action: 'notify_only',
      degraded: false,
    })
    expect(model.asked).toHaveLength(0)
  })

  it('with a storm of alerts asks the model about the first few only and analyses all', async () => {
    const [alert] = fired().alerts
    const alerts = Array.from({ length: 30 }, (_, index) => ({
      ...alert,
      fingerprint: `f${index}`,
    }))
    const model = scriptedModel(GOOD)
    const event = await reply(appWith(model), { ...fired(), alerts }, 'e-6')
    const { analyses } = event.data as AlertAnalyzed
    expect(analyses.map(({ fingerprint }) => fingerprint)).toEqual(
      alerts.map(({ fingerprint }) => fingerprint),
    )
    expect(analyses.at(-1)?.analysis).toMatchObject({ method: 'rules', degraded: true })
    expect(model.asked).toHaveLength(8)
  })

  it('that can never be read is final, and one that cannot be kept comes again', async () => {
    const broken = await appWith(scriptedModel(GOOD)).deliver(alertFired.type, { alerts: 'none' })
    expect(broken.status).toBe(400)
    const app = createTestApp(reasoning, {
      expectErrors: true,
      call: scriptedModel(GOOD).call,
      env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    })
    expect((await app.deliver(alertFired.type, fired())).status).toBe(503)
    await app.deps.close()
  })
})

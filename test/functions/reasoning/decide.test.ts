import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concentration, normalise } from '../../../functions/reasoning/concentration.ts'
import reasoning from '../../../functions/reasoning/index.ts'
import type { Decision } from '../../../shared/contracts/reasoning.ts'
import { AppError } from '../../../shared/errors.ts'
import { createTestApp } from '../../fixtures/function.ts'
import { ANN, NO_MODEL, type ScriptedModel, scriptedModel } from './harness.ts'

const INPUT = {
  question: 'Which database do we take?',
  options: [
    { id: 'postgres', description: 'a PostgreSQL cluster' },
    { id: 'mongo', description: 'a MongoDB replica set' },
  ],
  evidence: [
    { id: 'e1', text: 'The team knows PostgreSQL well. MongoDB is not allowed by the audit.' },
    { id: 'e2', text: 'A benchmark of MongoDB\nwas fast.' },
  ],
}
const GOOD = {
  choice: 'postgres',
  probabilities: { probability_of_postgres: 9, probability_of_mongo: 1 },
  evidence: [{ id: 'e1', stance: 'supports', quote: 'The team knows PostgreSQL well' }],
  rationale: 'the team knows it',
}

async function ask(model: ScriptedModel, input: object = INPUT): Promise<Response> {
  const app = createTestApp(reasoning, {
    call: model.call,
    env: { DATABASE_URL: 'postgres://unused@127.0.0.1:1/unused' },
    clients: { sql: undefined as never },
  })
  return app.request('/api/v1/decide', { method: 'POST', body: JSON.stringify(input), as: ANN })
}

async function decide(model: ScriptedModel, input: object = INPUT): Promise<Decision> {
  const response = await ask(model, input)
  expect(response.status).toBe(200)
  return (await response.json()) as Decision
}

describe('a decision by a model', () => {
  it('carries its checked evidence, normalised probabilities and a confidence of known meaning', async () => {
    const model = scriptedModel(GOOD)
    const decision = await decide(model)
    expect(decision).toMatchObject({
      decision: 'postgres',
      method: 'model',
      degraded: false,
      model: 'scripted',
      evidence_used: GOOD.evidence,
      alternatives: [{ option: 'mongo', probability: 0.1 }],
    })
    expect(decision.confidence).toEqual({
      value: expect.closeTo(0.531, 3),
      method: 'concentration',
      calibrated: false,
    })
    expect(decision.alternatives[0]?.why_not).toContain('MongoDB is not allowed by the audit')
    expect(model.asked[0]).toMatchObject({
      options: { temperature: 0 },
      format: { type: 'object' },
    })
  })

  it('drops quotes that the cited evidence does not hold', async () => {
    const model = scriptedModel({
      ...GOOD,
      evidence: [
        ...GOOD.evidence,
        { id: 'e2', stance: 'supports', quote: 'The team knows PostgreSQL well' },
        { id: 'e9', stance: 'supports', quote: 'was fast' },
        { id: 'e1', stance: 'supports', quote: 'PostgreSQL is cheaper' },
      ],
    })
    const decision = await decide(model)
    expect(decision.evidence_used).toEqual(GOOD.evidence)
    expect(decision.rationale).toContain('3 quotes were not in the evidence')
  })

  it('finds a quote over a line break and in another case, and gives it as it is written', async () => {
    const evidence = [
      { id: 'e2', stance: 'contradicts', quote: '"a benchmark of mongodb was fast"' },
    ]
    expect((await decide(scriptedModel({ ...GOOD, evidence }))).evidence_used).toEqual([
      { id: 'e2', stance: 'contradicts', quote: 'A benchmark of MongoDB\nwas fast' },
    ])
  })

  it('is repaired once when it is not JSON', async () => {
    const model = scriptedModel('{"choice":', GOOD)
    expect(await decide(model)).toMatchObject({ method: 'model', decision: 'postgres' })
    expect(model.asked).toHaveLength(2)
    expect(model.asked[1]?.messages.at(-1)?.content).toContain('it is not JSON')
  })

  it('needs no quotes where no evidence was given', async () => {
    const model = scriptedModel({ ...GOOD, evidence: [] })
    expect(await decide(model, { ...INPUT, evidence: [] })).toMatchObject({ method: 'model' })
  })
})

describe('a decision by rules', () => {
  it('is taken when there is no model, and says so', async () => {
    const decision = await decide(scriptedModel(NO_MODEL))
    expect(decision).toMatchObject({
      decision: 'postgres',
      method: 'rules',
      degraded: true,
      model: null,
    })
    expect(decision.rationale).toContain('the scripted model is down')
    for (const { id, quote } of decision.evidence_used) {
      expect(INPUT.evidence.find(evidence => evidence.id === id)?.text).toContain(quote)
    }
  })

  it.each([
    ['answers in no JSON twice', ['nonsense']],
    ['chooses what is no option', [{ ...GOOD, choice: 'oracle' }]],
    ['contradicts itself', [{ ...GOOD, choice: 'mongo' }]],
    [
      'gives numbers that are none',
      [{ ...GOOD, probabilities: { probability_of_postgres: 'high' } }],
    ],
    ['is too slow', [new AppError('upstream_timeout', 'inference did not answer in time')]],
    ['answers null', ['null']],
  ])('is taken when the model %s', async (_, answers) => {
    expect(await decide(scriptedModel(...answers))).toMatchObject({
      method: 'rules',
      degraded: true,
      decision: 'postgres',
    })
  })

  it('wins over a model that cites nothing, and is not called degraded', async () => {
    const decision = await decide(
      scriptedModel({
        ...GOOD,
        choice: 'mongo',
        probabilities: { probability_of_mongo: 1 },
        evidence: [],
      }),
    )
    expect(decision).toMatchObject({
      decision: 'postgres',
      method: 'rules',
      degraded: false,
      model: 'scripted',
    })
    expect(decision.rationale).toContain('quoted no evidence')
  })

  it('heeds a negation: what is ruled out is not chosen for being named often', async () => {
    const decision = await decide(scriptedModel(NO_MODEL), {
      question: 'restart or scale?',
      options: [
        { id: 'restart', description: 'restart the pods' },
        { id: 'scale', description: 'scale to more replicas' },
      ],
      evidence: [
        {
          id: 'a',
          text: 'A restart did not help yesterday. A restart never helped, and the pods were fine.',
        },
        { id: 'b', text: 'More replicas helped last week.' },
      ],
    })
    expect(decision.decision).toBe('scale')
    expect(decision.alternatives[0]?.why_not).toContain('speaks against it')
  })

  it('counts evidence by its weight', async () => {
    const of = (left: number, right: number) => ({
      question: 'left or right?',
      options: [
        { id: 'left', description: 'go left' },
        { id: 'right', description: 'go right' },
      ],
      evidence: [
        { id: 'a', text: 'The sign says left.', weight: left },
        { id: 'b', text: 'The map says right.', weight: right },
      ],
    })
    expect((await decide(scriptedModel(NO_MODEL), of(1, 0.1))).decision).toBe('left')
    expect((await decide(scriptedModel(NO_MODEL), of(0.1, 1))).decision).toBe('right')
  })

  it('has no confidence when nothing speaks for anything', async () => {
    const decision = await decide(scriptedModel(NO_MODEL), { ...INPUT, evidence: [] })
    expect(decision.confidence.value).toBe(0)
    expect(decision.evidence_used).toEqual([])
  })
})

it('refuses two options of one id', async () => {
  const options = [INPUT.options[0], INPUT.options[0]]
  const response = await ask(scriptedModel(GOOD), { ...INPUT, options })
  expect(response.status).toBe(422)
  expect(await response.json()).toMatchObject({
    error: {
      code: 'validation_failed',
      message: '"options" must have distinct ids, got "postgres" twice',
    },
  })
})

it('always gives probabilities that sum to 1 and a confidence from 0 to 1', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 26 }),
      weights => {
        const p = normalise(weights)
        expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1)
        expect(concentration(p)).toBeGreaterThanOrEqual(0)
        expect(concentration(p)).toBeLessThanOrEqual(1)
      },
    ),
  )
})

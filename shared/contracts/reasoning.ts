/** The contract of `reasoning`: decisions with evidence, and the analysis of alerts. */
import * as z from 'zod/mini'
import type { Contract, EventType, Operation } from '../contract.ts'
import { plainText } from '../text.ts'

/** Whose answer it is. Rules also win over a usable model that shows no evidence; only without one it is degraded. */
export type Method = 'model' | 'rules'

/** Something that speaks for or against an option. */
export interface Evidence {
  id: string
  text: string
  source: string
  /** 0..1, how much it counts. */
  weight: number
}

/** Input of `decide`. */
export interface DecideInput {
  question: string
  options: { id: string; description: string }[]
  evidence: Evidence[]
}

/** Answer of `decide`. Probabilities over all options sum to 1. */
export interface Decision {
  decision: string
  confidence: { value: number; method: 'concentration'; calibrated: boolean }
  alternatives: { option: string; probability: number; why_not: string }[]
  /** Quotes are substrings of the evidence they cite. */
  evidence_used: { id: string; stance: 'supports' | 'contradicts'; quote: string }[]
  rationale: string
  method: Method
  /** No model gave a usable answer. */
  degraded: boolean
  /** The model that was asked, also when rules decided in the end. */
  model: string | null
}

/** An alert, in the shape of S3's `analyze-alert`. */
export interface Alert {
  name: string
  severity: string
  namespace: string
  resource: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** Input of `analyzeAlert`. */
export interface AnalyzeAlertInput {
  alert: Alert
  context: { request_id: string; timestamp: string }
}

/** Answer of `analyzeAlert`; the first four keys are S3's, exactly. */
export interface AlertAnalysis {
  action: string
  confidence: number
  reasoning: {
    summary: string
    primary_reason: string
    historical_context: string
    oscillation_risk: string
  }
  parameters: Record<string, unknown>
  method: Method
  /** A model was wanted and gave no usable answer. */
  degraded: boolean
}

const alert = () =>
  z.object({
    name: plainText(1, 300),
    severity: z._default(plainText(), 'unknown'),
    namespace: z._default(plainText(), 'default'),
    resource: z._default(plainText(), ''),
    labels: z._default(z.record(plainText(), plainText()), {}),
    annotations: z._default(z.record(plainText(), plainText()), {}),
  })

const analysis = () =>
  z.object({
    action: z.string(),
    confidence: z.number(),
    reasoning: z.object({
      summary: z.string(),
      primary_reason: z.string(),
      historical_context: z.string(),
      oscillation_risk: z.string(),
    }),
    parameters: z.record(z.string(), z.unknown()),
    method: z.enum(['model', 'rules']),
    degraded: z.boolean(),
  })

/** Chooses among options. */
export const decide: Operation<DecideInput, Decision> = {
  service: 'reasoning',
  name: 'decide',
  method: 'POST',
  path: '/api/v1/decide',
  summary: 'choose among options, with evidence, alternatives and confidence',
  permission: 'cognitive:inference',
  callers: ['gateway'],
  input: () =>
    z.strictObject({
      question: plainText(1, 10_000),
      options: z
        .array(
          z.strictObject({
            id: plainText(1, 100),
            description: plainText(1, 2_000),
          }),
        )
        .check(z.minLength(2), z.maxLength(26)),
      evidence: z._default(
        z
          .array(
            z.strictObject({
              id: plainText(1, 100),
              text: plainText(1, 10_000),
              source: z._default(plainText(0, 300), 'caller'),
              weight: z._default(z.number().check(z.minimum(0), z.maximum(1)), 1),
            }),
          )
          .check(z.maxLength(100)),
        [],
      ),
    }),
  output: () =>
    z.object({
      decision: z.string(),
      confidence: z.object({
        value: z.number(),
        method: z.literal('concentration'),
        calibrated: z.boolean(),
      }),
      alternatives: z.array(
        z.object({ option: z.string(), probability: z.number(), why_not: z.string() }),
      ),
      evidence_used: z.array(
        z.object({
          id: z.string(),
          stance: z.enum(['supports', 'contradicts']),
          quote: z.string(),
        }),
      ),
      rationale: z.string(),
      method: z.enum(['model', 'rules']),
      degraded: z.boolean(),
      model: z.nullable(z.string()),
    }),
}

/** Analyses an alert and recommends an action. */
export const analyzeAlert: Operation<AnalyzeAlertInput, AlertAnalysis> = {
  service: 'reasoning',
  name: 'analyze-alert',
  method: 'POST',
  path: '/api/v1/analyze-alert',
  summary: 'analyse an alert and recommend an action',
  permission: 'cognitive:inference',
  callers: ['gateway'],
  input: () =>
    z.object({
      alert: alert(),
      context: z._default(
        z.object({
          request_id: z._default(plainText(), ''),
          timestamp: z._default(plainText(), ''),
        }),
        { request_id: '', timestamp: '' },
      ),
    }),
  output: analysis,
}

/** Data of `alertFired`: Alertmanager's webhook body (version 4), as it is. */
export interface AlertmanagerMessage {
  status: string
  groupKey: string
  alerts: {
    status: string
    labels: Record<string, string>
    annotations: Record<string, string>
    startsAt: string
    fingerprint: string
  }[]
}

/** Data of `alertAnalyzed`. */
export interface AlertAnalyzed {
  group_key: string
  analyses: { fingerprint: string; alert: string; analysis: AlertAnalysis }[]
}

/** An alert fired; any producer may send it, the data is Alertmanager's webhook body. */
export const alertFired: EventType<AlertmanagerMessage> = {
  type: 'dev.aiwfe.alerts.alert.fired.v1',
  source: '/alerts',
  summary: 'one or more alerts fired or were resolved',
  data: () =>
    z.object({
      status: z._default(plainText(), 'firing'),
      groupKey: z._default(plainText(), ''),
      alerts: z
        .array(
          z.object({
            status: z._default(plainText(), 'firing'),
            labels: z.record(plainText(), plainText()),
            annotations: z._default(z.record(plainText(), plainText()), {}),
            startsAt: z._default(plainText(), ''),
            fingerprint: z._default(plainText(), ''),
          }),
        )
        .check(z.minLength(1), z.maxLength(1_000)),
    }),
}

/** The analysis of alerts, sent as the reply to `alertFired`. */
export const alertAnalyzed: EventType<AlertAnalyzed> = {
  type: 'dev.aiwfe.reasoning.alert.analyzed.v1',
  source: '/reasoning',
  summary: 'alerts were analysed',
  data: () =>
    z.object({
      group_key: z.string(),
      analyses: z.array(
        z.object({ fingerprint: z.string(), alert: z.string(), analysis: analysis() }),
      ),
    }),
}

/** Everything that `reasoning` offers. */
export const reasoningContract: Contract = {
  service: 'reasoning',
  operations: [decide, analyzeAlert],
  events: [alertAnalyzed],
}

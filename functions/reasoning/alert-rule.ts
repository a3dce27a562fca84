/** What is known about one well-known alert: the action that is tried first, those that may be right instead, and why. */
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

/** One line of a table. */
export const rule = (
  id: string,
  name: RegExp,
  target: Target,
  actions: AlertRule['actions'],
  confidence: number,
  reason: string,
  more: Pick<AlertRule, 'text' | 'parameters'> = {},
): AlertRule => ({ id, name, target, actions, confidence, reason, ...more })

/** Parameters of a restart that leaves the service up. */
export const ROLLING = { strategy: 'rolling_restart' }

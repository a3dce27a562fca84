/** What a conformance rule is: one sentence of the specification and the observation that decides it. */
import type { Trial } from './trial.ts'

/** Where the sentence stands, in `knative/specs`. */
export type Source = keyof typeof SOURCES

/** How the emulator stands to a rule. */
export type Parity = 'emulated' | 'approximated' | 'absent'

/** One rule. */
export interface Rule {
  /** The item of the checklist in this folder's README; several rules may share one. */
  readonly item: number
  readonly level: 'must' | 'should' | 'may'
  /** What holds, as a sentence. */
  readonly title: string
  readonly source: Source
  /** Where the emulator does less: `absent` is not tried on it. */
  readonly emulator?: { readonly parity: Exclude<Parity, 'emulated'>; readonly note: string }
  /** Why a cluster is not asked. */
  readonly notOnCluster?: string
  /** It moves the clock, so nothing else may run beside it. */
  readonly timed?: boolean
  readonly test: (trial: Trial) => Promise<void>
}

/** The documents that the rules are drawn from. */
export const SOURCES = {
  'runtime-contract': 'specs/serving/runtime-contract.md',
  'serving-api': 'specs/serving/knative-api-specification-1.0.md',
  'error-signalling': 'specs/common/error-signalling.md',
  'control-plane': 'specs/eventing/control-plane.md',
  'data-plane': 'specs/eventing/data-plane.md',
} as const

/** How the emulator stands to `rule`. */
export function parityOf({ emulator }: Rule): Parity {
  return emulator?.parity ?? 'emulated'
}

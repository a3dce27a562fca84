/** The command line of `npm run conformance`. */
import { parseArgs } from 'node:util'
import type { NamedRule } from '../../test/conformance/load.ts'

/** What was asked for. */
export interface ConformanceArguments {
  readonly help: boolean
  readonly json: boolean
  readonly list: boolean
  readonly writeReadme: boolean
  /** Items, or parts of names. */
  readonly only: readonly string[]
}

/** Shown by `--help`. */
export const USAGE: string = `usage: npm run conformance -- [options]

  --only <what>    an item of the checklist (18) or a part of a rule's name (serving/04); may be repeated
  --list           which rules there are, running none
  --json           one JSON object, for machines
  --write-readme   puts the parity table into README.md, running nothing
  --help           this text

Without more it runs on an emulator of its own. AIWFE_CONFORMANCE_KUBECONFIG names a cluster instead; then
AIWFE_CONFORMANCE_IMAGE (the probe) and AIWFE_CONFORMANCE_INGRESS (host:port) are needed too, and
AIWFE_CONFORMANCE_NAMESPACE may be given: see test/conformance/README.md. 1 when a rule is broken.
`

/** Reads the options. @throws TypeError that names the unknown one */
export function parseArguments(args: string[]): ConformanceArguments {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      'write-readme': { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
    },
  })
  const { 'write-readme': writeReadme, ...rest } = values
  return { ...rest, writeReadme }
}

/** The rules that were asked for; all when nothing was. */
export function selectRules(rules: readonly NamedRule[], only: readonly string[]): NamedRule[] {
  const isAsked = ({ name, item }: NamedRule): boolean =>
    only.some(what => (/^\d+$/.test(what) ? item === Number(what) : name.includes(what)))
  return rules.filter(rule => only.length === 0 || isAsked(rule))
}

import { describe, expect, it } from 'vitest'
import { parseArguments, selectRules } from '../../../scripts/local/conformance-arguments.ts'
import { loadRules } from '../../conformance/load.ts'

const rules = await loadRules()
const namesOf = (only: string[]): string[] => selectRules(rules, only).map(({ name }) => name)

describe('npm run conformance', () => {
  it('runs every rule unless told otherwise', () => {
    expect(selectRules(rules, parseArguments([]).only)).toEqual(rules)
  })

  it('runs the rules of an item, or those with a part of a name', () => {
    expect(namesOf(['18'])).toEqual(['serving/018-port', 'serving/018-port-reserved'])
    expect(namesOf(['eventing/05', 'h2c'])).toContain('serving/006-h2c')
    expect(namesOf(['nothing'])).toEqual([])
  })

  it('refuses what it does not know', () => {
    expect(() => parseArguments(['--onyl', '18'])).toThrow("Unknown option '--onyl'")
  })
})

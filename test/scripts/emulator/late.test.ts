import { expect, test } from 'vitest'
import { createLate } from '../../../scripts/emulator/late.ts'

test('who asks too early is told for what; who can do without gets nothing', () => {
  const late = createLate<{ eventing: { name: string }; serving: { name: string } }>()
  expect(late.peek('eventing')).toBeUndefined()
  expect(() => late.get('eventing')).toThrow(
    'the emulator is still starting: its eventing must be made first',
  )
  late.set({ eventing: { name: 'e' } })
  expect(late.get('eventing')).toEqual({ name: 'e' })
  expect(late.peek('eventing')).toEqual({ name: 'e' })
  expect(() => late.get('serving')).toThrow('serving')
})

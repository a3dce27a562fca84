import { expect, test } from 'vitest'
import { createClock } from '../../../../scripts/emulator/clock.ts'
import {
  createController,
  type Surroundings,
} from '../../../../scripts/emulator/eventing/controller.ts'
import { createShelf } from '../../../../scripts/emulator/eventing/shelf.ts'
import type { EventTypeResource } from '../../../../scripts/emulator/manifests/eventing-types.ts'

const named = (name: string): EventTypeResource => ({
  kind: 'EventType',
  file: 'test.yaml',
  line: 1,
  namespace: 'app',
  name,
  labels: {},
  annotations: {},
  attributes: [],
  spec: {},
})

function opened() {
  const calls: string[] = []
  const note =
    (call: string) =>
    (held?: { resource: EventTypeResource }): void =>
      void calls.push(held ? `${call} ${held.resource.name}` : call)
  const shelf = createShelf<EventTypeResource>({
    clock: createClock({ scale: 0 }),
    apiVersion: 'test/v1',
    dependents: [],
  })
  const around: Pick<Surroundings, 'changed'> = { changed: note('changed') }
  const controller = createController(shelf, around, {
    applied: note('applied'),
    mark: note('mark'),
    gone: note('gone'),
    settled: note('settled'),
  })
  return { controller, calls }
}

test('what is applied is marked, what is removed is gone, and all is settled before it is told', () => {
  const { controller, calls } = opened()
  controller.apply(named('one'))
  expect(calls.splice(0)).toEqual(['applied one', 'mark one', 'settled', 'changed'])
  controller.remove('app', 'one')
  expect(calls.splice(0)).toEqual(['gone one', 'settled', 'changed'])
  controller.remove('app', 'one')
  expect(calls).toEqual([])
})

test('a refresh marks all of them, and tells nobody', () => {
  const { controller, calls } = opened()
  controller.apply(named('one'))
  controller.apply(named('two'))
  calls.length = 0
  controller.refresh()
  expect(calls).toEqual(['mark one', 'mark two', 'settled'])
})

import { expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { createFunctionFiles } from '../../scripts/local/function-files.ts'

test('a new function has a contract, an entry, a Service, a Trigger and a test', () => {
  const files = Object.keys(createFunctionFiles('order-desk'))
  expect(files).toEqual([
    'shared/contracts/order-desk.ts',
    'functions/order-desk/index.ts',
    'functions/order-desk/greet.ts',
    'knative/functions/order-desk.yaml',
    'eventing/triggers/order-desk.yaml',
    'test/functions/order-desk/greet.test.ts',
  ])
})

test('the Trigger of a new function asks for the event that its contract declares', () => {
  const files = createFunctionFiles('order-desk')
  const trigger = parseDocument(files['eventing/triggers/order-desk.yaml'] ?? '').toJS()
  const type = trigger.spec.filter.attributes.type
  expect(type).toBe('dev.aiwfe.order-desk.greeting.requested.v1')
  expect(files['shared/contracts/order-desk.ts']).toContain(`type: '${type}'`)
})

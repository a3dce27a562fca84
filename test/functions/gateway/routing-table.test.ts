import { expect, test } from 'vitest'
import gateway from '../../../functions/gateway/index.ts'
import { ROUTE_EXTRAS } from '../../../functions/gateway/route-extras.ts'
import {
  CONTRACTS,
  createRoutingTable,
  publicOperations,
} from '../../../functions/gateway/routing-table.ts'
import { gatewayContract } from '../../../shared/contracts/gateway.ts'
import { toOpenApi } from '../../../shared/openapi.ts'

const table = createRoutingTable()
const shapeOf = (method: string, path: string): string =>
  `${method} ${path.replaceAll(/:\w+/g, ':')}`

test('no two routes take the same requests', () => {
  const own = gatewayContract.operations
  const shapes = [...table, ...own].map(({ method, path }) => shapeOf(method, path))
  expect(shapes.filter((shape, index) => shapes.indexOf(shape) !== index)).toEqual([])
})

test('no operation that people may not call has a route', () => {
  const hidden = CONTRACTS.flatMap(contract => contract.operations).filter(
    ({ callers, internal }) => internal || !callers.includes('gateway'),
  )
  expect(hidden.map(({ name }) => name)).toContain('revocations-sync')
  const known = table.map(({ service, operation }) => `${service}.${operation}`)
  for (const { service, name } of hidden) expect(known).not.toContain(`${service}.${name}`)
})

test('every extra belongs to a public operation', () => {
  const known = publicOperations().map(({ service, name }) => `${service}.${name}`)
  for (const name of Object.keys(ROUTE_EXTRAS)) expect(known).toContain(name)
})

test('fixed paths come before patterns', () => {
  const counts = table.map(({ path }) => path.split('/:').length)
  expect(counts).toEqual([...counts].sort((a, b) => a - b))
})

test('an alias keeps the rights of its operation', () => {
  const alias = table.find(({ path }) => path === '/analyze-alert')
  const real = table.find(({ path }) => path === '/api/v1/analyze-alert')
  expect(alias).toEqual({ ...real, path: '/analyze-alert', target: '/api/v1/analyze-alert' })
})

test('the description covers every route that is not an alias, each operation named once', () => {
  const document = toOpenApi(gateway.contract) as {
    paths: Record<string, Record<string, { operationId: string; 'x-permission': string }>>
  }
  const ids: string[] = []
  for (const { method, path, target, permission } of table) {
    if (target !== undefined) continue
    const described = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
    expect(described?.['x-permission'], `${method} ${path}`).toBe(permission)
    ids.push(described?.operationId ?? '')
  }
  expect(new Set(ids).size).toBe(ids.length)
})

/** The contract of `gateway` itself; what it passes on stands in the contracts of the functions behind it. */
import * as z from 'zod/mini'
import type { Contract, Operation } from '../contract.ts'

/** Where everything is. */
export interface Home {
  name: string
  version: string
  links: Record<string, string>
}

/** The entry for people and machines that know only the address. */
export const home: Operation<Record<string, never>, Home> = {
  service: 'gateway',
  name: 'home',
  method: 'GET',
  path: '/',
  summary: 'what is here',
  permission: 'public',
  callers: ['gateway'],
  input: () => z.object({}),
  output: () =>
    z.object({ name: z.string(), version: z.string(), links: z.record(z.string(), z.string()) }),
}

const health = (path: string): Operation<Record<string, never>, ApiHealth> => ({
  service: 'gateway',
  name: path === '/api/health' ? 'health' : 'health-v1',
  method: 'GET',
  path,
  summary: 'whether the entry answers; asks nothing behind it',
  permission: 'public',
  callers: ['gateway'],
  input: () => z.object({}),
  output: () =>
    z.object({ status: z.literal('healthy'), service: z.string(), version: z.string() }),
})

/** Whether the entry answers. */
export interface ApiHealth {
  status: 'healthy'
  service: string
  version: string
}

/** The health check of S1's load test. */
export const apiHealth: Operation<Record<string, never>, ApiHealth> = health('/api/health')

/** The same under the API's version. */
export const apiHealthV1: Operation<Record<string, never>, ApiHealth> = health('/api/v1/health')

/** Everything that `gateway` answers itself. */
export const gatewayContract: Contract = {
  service: 'gateway',
  operations: [home, apiHealth, apiHealthV1],
  events: [],
}

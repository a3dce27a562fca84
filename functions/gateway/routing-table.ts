/** Every route of the platform's public API, made from the contracts: what a contract does not offer is not there. */
import {
  type Contract,
  MAX_BODY_BYTES,
  type Method,
  type Operation,
} from '../../shared/contract.ts'
import { authContract } from '../../shared/contracts/auth.ts'
import { chatContract } from '../../shared/contracts/chat.ts'
import { inferenceContract } from '../../shared/contracts/inference.ts'
import { memoryContract } from '../../shared/contracts/memory.ts'
import { migrationsContract } from '../../shared/contracts/migrations.ts'
import { reasoningContract } from '../../shared/contracts/reasoning.ts'
import { ROUTE_EXTRAS } from './route-extras.ts'

/** One way from outside to an operation of a function. */
export interface Route {
  method: Method
  /** Hono's path pattern. */
  path: string
  service: string
  /** The operation's name, for logs. */
  operation: string
  /** What a person must hold; `public` asks for nobody. */
  permission: string
  maxBytes: number
  /** Passed on as it comes, and watched for silence instead of for its length. */
  stream: boolean
  /** Until the answer has begun. */
  timeoutMs: number
  /** How long the functions behind may work on it at all. */
  deadlineMs: number
  /** Counted by the gateway; a login is counted by `auth`, which knows the account. */
  limited: boolean
  /** The gateway tells the function which client it speaks for. */
  clientFacts: boolean
  /** Answered even while revocations cannot be pulled: reads, and what only takes rights away. */
  stale: boolean
  /** The path to ask for behind the gateway, when the route is another name of an operation. */
  target?: string
}

/** The functions that people can reach. */
export const CONTRACTS: readonly Contract[] = [
  authContract,
  memoryContract,
  inferenceContract,
  chatContract,
  reasoningContract,
  migrationsContract,
]

/** 25 s leaves a caller with the usual limit of 30 s time to read the error. */
const TIMEOUT_MS = 25_000
/** Knative ends every request after this (`timeoutSeconds` of the manifests). */
const STREAM_DEADLINE_MS = 300_000

/** The operations that the gateway passes on, in the order of the contracts. */
export function publicOperations(): Operation<unknown, unknown>[] {
  return CONTRACTS.flatMap(contract => contract.operations).filter(
    ({ callers, internal }) => callers.includes('gateway') && !internal,
  )
}

/** Makes the table: aliases included, fixed paths before patterns. */
export function createRoutingTable(): Route[] {
  const routes = publicOperations().flatMap(operation => {
    const extras = ROUTE_EXTRAS[`${operation.service}.${operation.name}`] ?? {}
    const timeoutMs = extras.timeoutMs ?? TIMEOUT_MS
    const stream = operation.stream ?? false
    const route: Route = {
      method: operation.method,
      path: operation.path,
      service: operation.service,
      operation: operation.name,
      permission: operation.permission,
      maxBytes: operation.maxBytes ?? MAX_BODY_BYTES,
      stream,
      timeoutMs,
      deadlineMs: stream ? STREAM_DEADLINE_MS : timeoutMs,
      limited: extras.limited ?? true,
      clientFacts: extras.clientFacts ?? false,
      stale: extras.stale ?? operation.method === 'GET',
    }
    const aliases = (extras.aliases ?? []).map(path => ({ ...route, path, target: route.path }))
    return [route, ...aliases]
  })
  return routes.sort((a, b) => parametersOf(a.path) - parametersOf(b.path))
}

const parametersOf = (path: string): number => path.split('/:').length

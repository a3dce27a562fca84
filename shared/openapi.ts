/** OpenAPI 3.1 of a function, made from the schemas that validate; loaded only when somebody asks for it. */
import * as z from 'zod/mini'
import type { Contract, Operation } from './contract.ts'
import { errorTable } from './errors.ts'
import { version } from './version.ts'

/** An OpenAPI document, as plain JSON. */
export type OpenApi = Record<string, unknown>

type JsonSchema = Record<string, unknown> & {
  properties?: Record<string, unknown>
  required?: string[]
}

/** Describes `contract`. */
export function toOpenApi(contract: Contract): OpenApi {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of contract.operations) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation) }
  }
  return {
    openapi: '3.1.0',
    info: { title: contract.service, version, license: { name: 'Apache-2.0' } },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Error: ERROR_SCHEMA },
    },
    'x-events': contract.events.map(event => ({
      type: event.type,
      source: event.source,
      summary: event.summary,
      data: toSchema(event.data()),
    })),
  }
}

function describe(operation: Operation<unknown, unknown>): Record<string, unknown> {
  const input = toSchema(operation.input(), 'input')
  const names = [...operation.path.matchAll(/:(\w+)/g)].map(match => match[1] ?? '')
  const rest = Object.keys(input.properties ?? {}).filter(name => !names.includes(name))
  const hasBody = operation.method !== 'GET' && operation.method !== 'DELETE'
  const parameter = (name: string, where: 'path' | 'query'): Record<string, unknown> => ({
    name,
    in: where,
    required: where === 'path' || (input.required ?? []).includes(name),
    schema: input.properties?.[name] ?? { type: 'string' },
  })
  return {
    operationId: `${operation.service}.${operation.name}`,
    summary: operation.summary,
    security: operation.permission === 'public' ? [] : [{ bearer: [] }],
    'x-permission': operation.permission,
    'x-callers': operation.callers,
    parameters: [
      ...names.map(name => parameter(name, 'path')),
      ...(hasBody ? [] : rest.map(name => parameter(name, 'query'))),
    ],
    ...(hasBody &&
      rest.length > 0 && {
        requestBody: {
          required: true,
          content: { 'application/json': { schema: pick(input, rest) } },
        },
      }),
    responses: { ...success(operation), ...failures(operation) },
  }
}

function success(operation: Operation<unknown, unknown>): Record<string, unknown> {
  if (operation.stream) {
    return { 200: { description: 'a stream', content: { 'text/event-stream': {} } } }
  }
  if (!operation.output) return { [operation.status ?? 204]: { description: 'done' } }
  const schema = toSchema(operation.output())
  return {
    [operation.status ?? 200]: { description: 'done', content: { 'application/json': { schema } } },
  }
}

function failures(operation: Operation<unknown, unknown>): Record<string, unknown> {
  const table = errorTable()
  const codes = [
    table.invalid_request,
    ...(operation.permission === 'public' ? [] : [table.unauthenticated, table.permission_denied]),
    table.validation_failed,
    table.rate_limited,
    table.dependency_unavailable,
  ]
  return Object.fromEntries(
    codes.map(({ status, title }) => [
      status,
      {
        description: title,
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  )
}

const pick = (schema: JsonSchema, names: string[]): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(names.map(name => [name, schema.properties?.[name]])),
  required: (schema.required ?? []).filter(name => names.includes(name)),
})

const toSchema = (schema: unknown, io: 'input' | 'output' = 'output'): JsonSchema =>
  z.toJSONSchema(schema as z.ZodMiniType, { io, unrepresentable: 'any' }) as JsonSchema

const ERROR_SCHEMA = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'details', 'request_id', 'timestamp'],
      properties: {
        code: { enum: Object.keys(errorTable()) },
        message: { type: 'string' },
        details: { type: 'object' },
        request_id: { type: 'string' },
        timestamp: { type: 'string', format: 'date-time' },
      },
    },
  },
}

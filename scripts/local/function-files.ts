/** The files of a new function, ready to run: one operation, one event, one test that proves both. */

/** File texts by path from the project's root. */
export function createFunctionFiles(name: string): Record<string, string> {
  const id = toIdentifier(name)
  return {
    [`shared/contracts/${name}.ts`]: contract(name, id),
    [`functions/${name}/index.ts`]: index(name, id),
    [`functions/${name}/greet.ts`]: greet(name, id),
    [`knative/functions/${name}.yaml`]: service(name),
    [`eventing/triggers/${name}.yaml`]: trigger(name),
    [`test/functions/${name}/greet.test.ts`]: test(name, id),
  }
}

/** `order-desk` is `orderDesk`, and `delete`, which is no name for a constant, is `deleteFunction`. */
function toIdentifier(name: string): string {
  const id = name.replaceAll(/-+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return TAKEN.has(id) ? `${id}Function` : id
}

/** Reserved words of modules (ECMA-262, 12.7.2), globals that cannot be declared anew, and names in the files below. */
const TAKEN = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function if implements import in instanceof interface let new null package private protected public
  return static super switch this throw true try typeof var void while with yield
  exports globalThis require undefined
  createTestApp defineFunction expect giveGreeting greetingRequested on test`.split(/\s+/),
)

const contract = (name: string, id: string): string => `/** The contract of \`${name}\`. */
import * as z from 'zod/mini'
import type { Contract, EventType, Operation } from '../contract.ts'

/** Greets somebody; open to everyone. */
export const hello: Operation<{ name: string }, { greeting: string }> = {
  service: '${name}',
  name: 'hello',
  method: 'GET',
  path: '/api/v1/${name}/hello',
  summary: 'greet somebody',
  permission: 'public',
  callers: ['gateway'],
  input: () =>
    z.strictObject({ name: z._default(z.string().check(z.minLength(1), z.maxLength(100)), 'world') }),
  output: () => z.object({ greeting: z.string() }),
}

/** Somebody asks for a greeting by event. */
export const greetingRequested: EventType<{ name: string }> = {
  type: 'dev.aiwfe.${name}.greeting.requested.v1',
  source: '/${name}',
  summary: 'somebody asks for a greeting',
  data: () => z.object({ name: z.string() }),
}

/** The answer to {@link greetingRequested}. */
export const greetingGiven: EventType<{ greeting: string }> = {
  type: 'dev.aiwfe.${name}.greeting.given.v1',
  source: '/${name}',
  summary: 'somebody was greeted',
  data: () => z.object({ greeting: z.string() }),
}

/** Everything that \`${name}\` offers. */
export const ${id}Contract: Contract = {
  service: '${name}',
  operations: [hello],
  events: [greetingGiven],
}
`

const index = (
  name: string,
  id: string,
): string => `/** \`${name}\`: say here in one sentence what it is for. */
import { ${id}Contract, greetingRequested } from '../../shared/contracts/${name}.ts'
import { defineFunction, type FunctionDefinition, on } from '../../shared/function.ts'
import { ${id}Routes, giveGreeting } from './greet.ts'

const ${id}: FunctionDefinition = defineFunction({
  name: '${name}',
  config: {},
  contract: ${id}Contract,
  routes: ${id}Routes,
  events: [on(greetingRequested, giveGreeting)],
})

export default ${id}
`

const greet = (name: string, id: string): string => `/** Greets, over HTTP and by event. */
import { greetingGiven, hello } from '../../shared/contracts/${name}.ts'
import type { Deps } from '../../shared/deps.ts'
import type { CloudEvent } from '../../shared/event.ts'
import { createEvent } from '../../shared/publish.ts'
import { type App, route } from '../../shared/route.ts'

/** The HTTP side. */
export function ${id}Routes(app: App, _deps: Deps<object>): void {
  route(app, hello, async ({ name }) => ({ greeting: toGreeting(name) }))
}

/** The event side: the returned event goes back to the broker, with an id that a redelivery repeats. */
export async function giveGreeting(
  { id, data }: CloudEvent<{ name: string }>,
  deps: Deps<object>,
): Promise<CloudEvent> {
  return createEvent(
    greetingGiven,
    { greeting: toGreeting(data.name) },
    { subject: data.name, id: \`\${id}-given\` },
    { now: deps.clock.now(), newId: deps.id },
  )
}

const toGreeting = (name: string): string => \`hello, \${name}\`
`

const service = (name: string): string => `# ${name}: see functions/${name}.
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: ${name}
  namespace: aiwfe-system
  labels:
    networking.knative.dev/visibility: cluster-local
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/max-scale: "10"
    spec:
      containerConcurrency: 50
      timeoutSeconds: 60
      containers:
        - image: ghcr.io/aiwfe/${name}:0.1.0
          env:
            - name: SERVICE_KEY
              valueFrom: { secretKeyRef: { name: aiwfe-identity, key: ${name} } }
            - name: SERVICE_JWKS
              valueFrom: { secretKeyRef: { name: aiwfe-identity, key: jwks } }
          resources:
            requests: { cpu: 50m, memory: 64Mi }
            limits: { cpu: "1", memory: 256Mi }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            runAsNonRoot: true
            capabilities: { drop: [ALL] }
            seccompProfile: { type: RuntimeDefault }
`

const trigger = (
  name: string,
): string => `# What ${name} listens to; it must equal the events of functions/${name}/index.ts.
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata:
  name: ${name}-greeting-requested
  namespace: aiwfe-system
spec:
  broker: default
  filter:
    attributes:
      type: dev.aiwfe.${name}.greeting.requested.v1
  subscriber:
    ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: ${name} }
  delivery:
    retry: 5
    backoffPolicy: exponential
    backoffDelay: PT0.5S
    deadLetterSink:
      ref: { apiVersion: eventing.knative.dev/v1, kind: Broker, name: dead-letters }
`

const test = (name: string, id: string): string => `import { expect, test } from 'vitest'
import ${id} from '../../../functions/${name}/index.ts'
import { createTestApp } from '../../fixtures/function.ts'

test('greets the one who asks', async () => {
  const app = createTestApp(${id})
  const response = await app.request('/api/v1/${name}/hello?name=Ada')
  expect(await response.json()).toEqual({ greeting: 'hello, Ada' })
})

test('answers a request by event with a greeting event', async () => {
  const app = createTestApp(${id})
  const response = await app.deliver('dev.aiwfe.${name}.greeting.requested.v1', { name: 'Ada' })
  expect(await response.json()).toMatchObject({
    type: 'dev.aiwfe.${name}.greeting.given.v1',
    data: { greeting: 'hello, Ada' },
  })
})
`

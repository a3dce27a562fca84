/** The platform's functions as benches start and ask them themselves. */
import { randomUUID } from 'node:crypto'
import type { Platform } from '../../scripts/local/platform.ts'
import { createIdentity } from '../../shared/identity.ts'
import { type Principal, permissionsOf } from '../../shared/principal.ts'
import { login } from './login.ts'
import type { ServerCommand } from './processes.ts'

/** The first request of each function: one that goes through to the stores which the function owns or uses. */
export const REQUESTS: Record<
  string,
  { method: string; path: string; body?: object; status: number }
> = {
  auth: { method: 'GET', path: '/api/v1/auth/sessions', status: 200 },
  chat: { method: 'GET', path: '/api/v1/chat/conversations', status: 200 },
  gateway: { method: 'GET', path: '/api/v1/auth/me', status: 200 },
  inference: {
    method: 'POST',
    path: '/api/v1/inference/embed',
    body: { input: ['what is cold'] },
    status: 200,
  },
  memory: {
    method: 'POST',
    path: '/api/v1/memories/search',
    body: { query: 'what is cold' },
    status: 200,
  },
  migrations: { method: 'GET', path: '/api/v1/migrations/status', status: 200 },
  reasoning: {
    method: 'POST',
    path: '/api/v1/analyze-alert',
    body: {
      alert: { name: 'KubePodCrashLooping', severity: 'critical', namespace: 'a', resource: 'b' },
    },
    status: 200,
  },
}

/** Makes commands whose tokens are fresh: those of a hop live for a minute, which a bench outlives. */
export async function createCommands(
  platform: Platform,
): Promise<(name: string) => Promise<ServerCommand>> {
  const person = await login(platform)
  const identity = createIdentity({
    service: 'gateway',
    privateKey: platform.secrets.resolve('aiwfe-identity', 'gateway') ?? '',
    publicKeys: platform.secrets.resolve('aiwfe-identity', 'jwks') ?? '',
    clock: { now: Date.now },
  })
  const principal: Principal = {
    sub: person.id,
    kind: 'user',
    service: 'gateway',
    permissions: permissionsOf(['admin']),
    sid: randomUUID(),
  }
  return async name => {
    const known = REQUESTS[name]
    if (!known) throw new TypeError(`"name" must be a function with a request, got ${name}`)
    const { method, path, body, status } = known
    const token = name === 'gateway' ? person.token : await identity.mint(name, principal)
    return {
      ...(await platform.processOf(name)),
      request: {
        method,
        path,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      },
      status,
    }
  }
}

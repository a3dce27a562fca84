/** Brings the stores up to date by asking the function `migrations`, as an operator would. */
import { createCall } from '../../shared/call.ts'
import { createAdmin, createCollections, migrateUp } from '../../shared/contracts/migrations.ts'
import { createIdentity } from '../../shared/identity.ts'
import type { Principal } from '../../shared/principal.ts'
import { version } from '../../shared/version.ts'
import type { LightFetchInit } from '../../shared/web/fetch.ts'
import { Headers } from '../../shared/web/headers.ts'
import { Response } from '../../shared/web/response.ts'
import type { Emulator } from '../emulator/emulator.ts'
import { OPERATOR } from './secrets.ts'

/** A cold start, a first boot of the database and every migration together. */
const TIMEOUT_MS = 60_000

const principal: Principal = { sub: OPERATOR, kind: 'service', service: OPERATOR, permissions: [] }

/** Runs migrations, makes the first admin and the vector collections; each is done once and skipped afterwards. */
export async function migrate(
  emulator: Emulator,
  keys: { privateKey: string; publicKeys: string },
  admin: { email: string; password: string },
): Promise<void> {
  const clock = { now: Date.now }
  const identity = createIdentity({ service: OPERATOR, ...keys, clock })
  const call = createCall({
    service: OPERATOR,
    version,
    domain: 'aiwfe-system.svc.cluster.local',
    identity,
    clock,
    fetch: (url, init) => sendInside(emulator, String(url), init),
  })
  const options = { timeoutMs: TIMEOUT_MS, principal }
  await call(migrateUp, { dry_run: false }, options)
  await call(createAdmin, admin, options)
  await call(createCollections, {}, options)
}

/** Cluster names resolve inside the emulator only, so the request is handed to it. */
async function sendInside(
  emulator: Emulator,
  url: string,
  { method = 'GET', headers, body, signal }: LightFetchInit = {},
): Promise<Response> {
  const answer = await emulator.send({
    url,
    method,
    headers: Object.fromEntries(new Headers(headers)),
    ...(typeof body === 'string' && { body: Buffer.from(body) }),
    ...(signal && { signal }),
  })
  return new Response(answer.body, { status: answer.status, headers: answer.headers })
}

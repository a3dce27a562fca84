/** Starting, stopping and everything that can stand in the way. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLog } from '../../scripts/emulator/log.ts'
import { toRoleUrl } from '../../scripts/local/database-roles.ts'
import { startPlatform } from '../../scripts/local/platform.ts'
import {
  runToEnd,
  type Started,
  start,
  stateWithDatabase,
  temporaryDirectory,
  until,
} from '../fixtures/started.ts'

const state = temporaryDirectory()
afterAll(state.remove)

describe('a running platform', () => {
  let platform: Started
  beforeAll(async () => {
    platform = await start({ stateDirectory: state.path })
  }, 90_000)
  afterAll(() => platform.stop('SIGTERM'))

  test('wrote every address and secret into a file that only its owner reads', () => {
    expect(Object.keys(platform.env).sort()).toEqual(
      expect.arrayContaining([
        'ADMIN_EMAIL',
        'ADMIN_PASSWORD',
        'BROKER_URL',
        'DATABASE_URL',
        'GATEWAY_URL',
        'OLLAMA_HOST',
        'QDRANT_URL',
        'UPSTASH_REDIS_REST_TOKEN',
        'UPSTASH_REDIS_REST_URL',
      ]),
    )
    expect(statSync(join(state.path, 'env')).mode & 0o777).toBe(0o600)
    expect(statSync(join(state.path, 'secrets.json')).mode & 0o777).toBe(0o600)
  })

  test('prints no secret', () => {
    const { ADMIN_PASSWORD = '', UPSTASH_REDIS_REST_TOKEN = '', QDRANT_API_KEY = '' } = platform.env
    for (const secret of [ADMIN_PASSWORD, UPSTASH_REDIS_REST_TOKEN, QDRANT_API_KEY]) {
      expect(secret.length).toBeGreaterThan(20)
      expect(platform.output()).not.toContain(secret)
    }
  })

  test('lets each function into its own schema of the database alone', async () => {
    const secrets = JSON.parse(readFileSync(join(state.path, 'secrets.json'), 'utf8')) as {
      'aiwfe-local': Record<string, string>
    }
    const password = secrets['aiwfe-local']['database-role-chat'] ?? ''
    expect(platform.output()).not.toContain(password)
    const url = toRoleUrl(platform.env.DATABASE_URL ?? '', 'aiwfe_chat', password)
    const chat = postgres(url, { max: 1, fetch_types: false })
    expect(await chat`select count(*)::int as n from chat.messages`).toHaveLength(1)
    for (const table of ['auth.users', 'memory.memories', 'reasoning.analyses']) {
      await expect(chat`select * from ${chat(table)}`).rejects.toMatchObject({ code: '42501' })
    }
    await chat.end()
  })

  test('answers the first request from zero and logs the cold start with its duration', async () => {
    const response = await fetch(`${platform.gateway}/api/health`)
    expect([response.status, await response.json()]).toEqual([
      200,
      expect.objectContaining({ status: 'healthy' }),
    ])
    expect(platform.output()).toMatch(/"scope":"gateway","msg":"0→1 cold start \d+ms/)
  })

  test('has no function process after idling, and answers the next request', async () => {
    await fetch(`${platform.gateway}/api/health`)
    expect(functionProcesses(platform.pid)).not.toEqual([])
    await until(async () => {
      await fetch(`${platform.gateway}/_emulator/clock/advance?ms=20000`, { method: 'POST' })
      return functionProcesses(platform.pid).length === 0 ? true : undefined
    })
    expect((await fetch(`${platform.gateway}/api/health`)).status).toBe(200)
  })

  test('refuses an event that is none, and tells why without a stack', async () => {
    const response = await fetch(platform.env.BROKER_URL ?? '', { method: 'POST', body: '{}' })
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('    at ')
  })

  test('a page of another site does not reach its API', async () => {
    const response = await fetch(`${platform.gateway}/_emulator/functions`, {
      headers: { origin: 'https://evil.example' },
    })
    expect(response.status).toBe(403)
  })

  test('a second one on the same folder is refused by name', async () => {
    const { code, output } = await runToEnd('start', ['--state-dir', state.path, '--port', '0'])
    expect([code, output]).toEqual([1, expect.stringContaining(`"${state.path}" must be free`)])
  })
})

describe('what stands in the way of a start', () => {
  test('an unknown option is named, with the usage', async () => {
    const { code, output } = await runToEnd('start', ['--prot', '1'])
    expect([code, output]).toEqual([2, expect.stringContaining('--prot')])
    expect(output).toContain('usage: npm start')
  })

  test('a wrong number is named with what it must be', async () => {
    const { code, output } = await runToEnd('start', ['--port', 'web'])
    expect([code, output]).toEqual([
      2,
      expect.stringContaining('"--port" must be a number from 0 to 65535, got "web"'),
    ])
  })

  test('a port in use is named, with the option to choose another', async () => {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const folder = await stateWithDatabase()
    const { code, output } = await runToEnd('start', [
      '--port',
      String(port),
      '--state-dir',
      folder.path,
    ])
    server.close()
    folder.remove()
    expect([code, output]).toEqual([
      1,
      expect.stringContaining(`port ${port} is in use: choose another with --port`),
    ])
  }, 60_000)

  test('a corrupt event journal is named and kept', async () => {
    const folder = await stateWithDatabase()
    mkdirSync(join(folder.path, 'events'))
    writeFileSync(
      join(folder.path, 'events', 'events.db'),
      'this is no database, but it is long enough to be read',
    )
    const { code, output } = await runToEnd('start', ['--port', '0', '--state-dir', folder.path])
    expect([code, output]).toEqual([1, expect.stringContaining(join(folder.path, 'events'))])
    expect(output).toContain('--fresh')
    expect(output).not.toContain('    at ')
    expect(readFileSync(join(folder.path, 'events', 'events.db'), 'utf8')).toContain(
      'this is no database',
    )
    folder.remove()
  }, 60_000)

  test('a manifest with a mistake is refused with file, line and field before anything is made', async () => {
    const root = temporaryDirectory()
    const folder = join(root.path, 'state')
    mkdirSync(join(root.path, 'knative'))
    mkdirSync(join(root.path, 'eventing'))
    writeFileSync(
      join(root.path, 'knative', 'bad.yaml'),
      `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: bad
spec:
  template:
    spec:
      containerConcurrency: 5000
      containers:
        - image: x
`,
    )
    const starting = startPlatform({
      root: root.path,
      stateDirectory: folder,
      fresh: false,
      port: 0,
      timeScale: 1,
      log: createLog({ write: () => {} }),
      environment: {},
    })
    await expect(starting).rejects.toThrow(/bad\.yaml:8: .*containerConcurrency.*1000/)
    expect(existsSync(folder)).toBe(false)
    root.remove()
  })
})

/** Processes of functions whose parent is the platform, from the kernel's own list. */
function functionProcesses(parent: number): string[] {
  return readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .filter(pid => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')
        return (
          Number(fields[1]) === parent &&
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/functions')
        )
      } catch {
        return false
      }
    })
}

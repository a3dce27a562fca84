/** `npm run new` and `npm run dev` on a copy of the project: a new function runs at once, a change is a new revision. */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toRoleUrl } from '../../scripts/local/database-roles.ts'
import {
  ROOT,
  runToEnd,
  type Started,
  start,
  temporaryDirectory,
  until,
} from '../fixtures/started.ts'

const copy = temporaryDirectory()
const greetFile = join(copy.path, 'functions', 'greeter', 'greet.ts')
let platform: Started

beforeAll(async () => {
  for (const entry of ['functions', 'shared', 'scripts', 'knative', 'eventing', 'test/fixtures']) {
    cpSync(join(ROOT, entry), join(copy.path, entry), { recursive: true })
  }
  for (const entry of ['package.json', 'tsconfig.json', 'biome.json']) {
    cpSync(join(ROOT, entry), join(copy.path, entry))
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy.path, 'node_modules'))
  platform = await start({
    root: copy.path,
    verb: 'dev',
    stateDirectory: join(copy.path, 'state'),
  })
}, 90_000)

afterAll(async () => {
  await platform?.stop('SIGTERM')
  copy.remove()
})

test('a function made while the platform runs answers at once, by HTTP and by event', async () => {
  const { code, output } = await runToEnd('new', ['greeter'], { root: copy.path })
  expect([code, output]).toEqual([0, expect.stringContaining('functions/greeter/index.ts')])
  expect(await until(() => ask('Ada'))).toEqual({ greeting: 'hello, Ada' })

  const id = `event-${Date.now()}`
  const answer = await fetch(platform.env.BROKER_URL ?? '', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': id,
      'ce-source': '/test',
      'ce-type': 'dev.aiwfe.greeter.greeting.requested.v1',
    },
    body: JSON.stringify({ name: 'Ada' }),
  })
  expect(answer.status).toBe(202)
  const reply = await until(async () => {
    const response = await fetch(`${platform.gateway}/_emulator/event?id=${id}-given`)
    return response.ok ? ((await response.json()) as { attributes: { type: string } }) : undefined
  })
  expect(reply.attributes.type).toBe('dev.aiwfe.greeter.greeting.given.v1')
}, 60_000)

test('a saved change is a new revision', async () => {
  change('`hello, ', '`good day, ')
  expect(
    await until(async () => (await ask('Ada'))?.greeting.startsWith('good') || undefined),
  ).toBe(true)
  expect(await revision()).toBe('greeter-00002')
}, 60_000)

test('a change that does not build leaves the old revision serving, and says why', async () => {
  change('`good day, ', '`good day, ${')
  await until(
    () => platform.output().includes('not reloaded, what ran before runs on') || undefined,
  )
  expect(await ask('Ada')).toEqual({ greeting: 'good day, Ada' })
  change('`good day, ${', '`welcome, ')
  expect(
    await until(async () => (await ask('Ada'))?.greeting.startsWith('welcome') || undefined),
  ).toBe(true)
}, 60_000)

test('a change that crashes at start leaves the old revision serving', async () => {
  const text = readFileSync(greetFile, 'utf8')
  writeFileSync(greetFile, `${text}\nthrow new Error('crash at start')\n`)
  await until(() => platform.output().includes('crash at start') || undefined)
  expect(await ask('Ada')).toEqual({ greeting: 'welcome, Ada' })
}, 60_000)

test('a function that begins to use the database has its schema and its role', async () => {
  const folder = join(copy.path, 'functions', 'greeter', 'migrations')
  mkdirSync(folder)
  writeFileSync(join(folder, '0001_said.down.sql'), 'drop schema greeter cascade;\n')
  writeFileSync(
    join(folder, '0001_said.up.sql'),
    'create schema greeter;\ncreate table greeter.said (n int);\n',
  )
  const manifest = join(copy.path, 'knative', 'functions', 'greeter.yaml')
  const text = readFileSync(manifest, 'utf8')
  const variable = `- name: DATABASE_URL
              valueFrom: { secretKeyRef: { name: aiwfe-postgres, key: greeter } }
            - name: SERVICE_KEY`
  expect(text).toContain('- name: SERVICE_KEY')
  writeFileSync(manifest, text.replace('- name: SERVICE_KEY', variable))
  const rows = await until(async () => {
    const kept = JSON.parse(
      readFileSync(join(copy.path, 'state', 'secrets.json'), 'utf8'),
    ) as Record<string, Record<string, string>>
    const password = kept['aiwfe-local']?.['database-role-greeter']
    if (!password) return undefined
    const url = toRoleUrl(platform.env.DATABASE_URL ?? '', 'aiwfe_greeter', password)
    const sql = postgres(url, { max: 1, fetch_types: false })
    try {
      return await sql`insert into greeter.said values (1) returning n`
    } catch {
      return undefined
    } finally {
      await sql.end({ timeout: 1 })
    }
  })
  expect([...rows]).toEqual([{ n: 1 }])
}, 90_000)

test('a name that is taken or no label is refused, and nothing is written', async () => {
  expect(await runToEnd('new', ['greeter'], { root: copy.path })).toMatchObject({
    code: 1,
    output: expect.stringContaining('exists already'),
  })
  expect(await runToEnd('new', ['Bad_Name'], { root: copy.path })).toMatchObject({
    code: 2,
    output: expect.stringContaining('DNS-1035'),
  })
})

function change(from: string, to: string): void {
  writeFileSync(greetFile, readFileSync(greetFile, 'utf8').replace(from, to))
}

/** Asks as a function would, by the name that it has in the cluster. */
test('a function and a trigger whose manifests are deleted are gone', async () => {
  const triggers = async (): Promise<string[]> => {
    const status = await fetch(`${platform.gateway}/_emulator/eventing`)
    const { triggers } = (await status.json()) as { triggers: { name: string }[] }
    return triggers.map(({ name }) => name)
  }
  expect(await triggers()).toContain('greeter-greeting-requested')
  rmSync(join(copy.path, 'eventing', 'triggers', 'greeter.yaml'))
  rmSync(join(copy.path, 'knative', 'functions', 'greeter.yaml'))
  await until(async () =>
    (await triggers()).includes('greeter-greeting-requested') || (await ask('Ada'))
      ? undefined
      : true,
  )
  expect(platform.output()).toContain('Service removed: it is in no manifest any more')
}, 60_000)

function ask(name: string): Promise<{ greeting: string } | undefined> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(platform.gateway)
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path: `/api/v1/greeter/hello?name=${name}`,
        headers: { host: `greeter.localhost:${port}` },
      },
      incoming => {
        let text = ''
        incoming.on('data', chunk => {
          text += chunk
        })
        incoming.on('end', () =>
          resolve(incoming.statusCode === 200 ? JSON.parse(text) : undefined),
        )
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

async function revision(): Promise<string | undefined> {
  const response = await fetch(`${platform.gateway}/_emulator/functions`)
  const { functions } = (await response.json()) as {
    functions: { name: string; latestReadyRevision: string }[]
  }
  return functions.find(({ name }) => name === 'greeter')?.latestReadyRevision
}

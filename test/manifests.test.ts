/** Manifests and code say the same: what a function handles, what it reads, what it is called. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { listFunctions } from '../scripts/build.ts'
import { loadManifests } from '../scripts/emulator/manifests/load.ts'
import type { Manifests } from '../scripts/emulator/manifests/types.ts'
import { commonSettings } from '../shared/deps.ts'
import type { FunctionDefinition } from '../shared/function.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
/** Set by Knative, or by the emulator in its place. */
const BY_PLATFORM = ['PORT', 'K_REVISION', 'LISTEN_ADDRESS', 'LOG_FORMAT']

let manifests: Manifests
const definitions = new Map<string, FunctionDefinition>()

beforeAll(async () => {
  manifests = loadManifests([join(ROOT, 'knative'), join(ROOT, 'eventing')])
  for (const name of await listFunctions()) {
    const module = (await import(`../functions/${name}/index.ts`)) as {
      default: FunctionDefinition
    }
    definitions.set(name, module.default)
  }
})

describe('manifests and functions', () => {
  test('each function has a Service of its name and image, and each Service a function', () => {
    const services = manifests.services.map(({ name, template }) => [
      name,
      template.image.replace(/^.*\/|:.*$/g, ''),
    ])
    expect(services.sort()).toEqual([...definitions.keys()].sort().map(name => [name, name]))
    for (const [name, { name: own, contract }] of definitions) {
      expect([own, contract.service]).toEqual([name, name])
    }
  })

  test('a Trigger sends a function exactly the event types that it handles', () => {
    const sent = manifests.triggers
      .map(({ subscriber, filter }) => `${subscriber.ref?.name} ${filter?.type}`)
      .sort()
    const handled = [...definitions].flatMap(([name, { events = [] }]) =>
      events.map(({ type }) => `${name} ${type}`),
    )
    expect(sent).toEqual(handled.sort())
  })

  test('each Trigger names a broker that exists and a dead letter sink', () => {
    const brokers = manifests.brokers.map(({ namespace, name }) => `${namespace}/${name}`)
    for (const { namespace, broker, delivery, name } of manifests.triggers) {
      expect(brokers).toContain(`${namespace}/${broker}`)
      expect([name, delivery?.deadLetterSink?.ref?.name]).toEqual([name, 'dead-letters'])
    }
  })

  test('a manifest gives every variable that the code needs, and none that it does not read', () => {
    for (const { name, template } of manifests.services) {
      const definition = definitions.get(name)
      const settings = { ...commonSettings, ...definition?.config } as Record<
        string,
        { fallback?: unknown }
      >
      const given = template.env.map(variable => variable.name)
      const needed = Object.keys(settings).filter(
        key => settings[key]?.fallback === undefined && !BY_PLATFORM.includes(key),
      )
      expect([name, needed.filter(key => !given.includes(key))]).toEqual([name, []])
      expect([name, given.filter(key => !(key in settings))]).toEqual([name, []])
    }
  })

  test('a secret comes from a Secret', () => {
    for (const { name, template } of manifests.services) {
      const settings = { ...commonSettings, ...definitions.get(name)?.config } as Record<
        string,
        { secret?: boolean }
      >
      for (const variable of template.env) {
        if (settings[variable.name]?.secret)
          expect([name, variable.name, 'secret' in variable]).toEqual([name, variable.name, true])
      }
    }
  })

  test('a function logs in to the database as itself, and migrations alone as the owner', () => {
    const keys = manifests.services.flatMap(({ name, template }) =>
      template.env.flatMap(variable =>
        'secret' in variable && variable.secret.name === 'aiwfe-postgres'
          ? [[name, variable.name, variable.secret.key]]
          : [],
      ),
    )
    const withSql = [...definitions]
      .filter(([name, { config }]) => 'DATABASE_URL' in config && name !== 'migrations')
      .map(([name]) => [name, 'DATABASE_URL', name])
    expect(keys.sort()).toEqual(
      [
        ...withSql,
        ['migrations', 'DATABASE_URL', 'url'],
        ['migrations', 'DATABASE_ROLES', 'roles'],
      ].sort(),
    )
  })

  test('each operation says who may call, and events keep the name pattern', () => {
    for (const { contract } of definitions.values()) {
      for (const { service, callers, permission } of contract.operations) {
        // The gateway's contract is the whole platform's: it routes what the others offer.
        if (contract.service !== 'gateway') expect(service).toBe(contract.service)
        expect(callers.length).toBeGreaterThan(0)
        expect(permission).toMatch(/^(public|[a-z0-9_-]+(:[a-z0-9_-]+)+)$/)
      }
      for (const { type, source } of contract.events) {
        expect(type).toMatch(/^dev\.aiwfe\.[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+\.v\d+$/)
        expect(source).toBe(`/${contract.service}`)
      }
    }
  })
})

/** Reload: a saved file becomes a new revision, or the screen says why not and the old one goes on. */
import { type FSWatcher, watch } from 'node:fs'
import { join, sep } from 'node:path'
import type { Log } from '../emulator/log.ts'
import type { Platform } from './platform.ts'

/** A burst of writes by an editor is one change. */
const DEBOUNCE_MS = 100
/** Stand for other things to renew among the names of functions; no Service can be called so. */
const MANIFESTS = '*manifests'
const SQL = '*sql'
const VENDOR = '*vendor'
const SPECIAL = [MANIFESTS, SQL, VENDOR]

/** Watches the sources of the functions; returns what ends it. */
export function watchFunctions(root: string, platform: Platform, log: Log): () => void {
  const dirty = new Set<string>()
  const watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let supersede = (): void => {}
  const names = (): string[] => platform.manifests.services.map(service => service.name)

  function touch(...changed: string[]): void {
    for (const name of changed) dirty.add(name)
    clearTimeout(timer)
    timer = setTimeout(() => {
      const batch = [...dirty]
      dirty.clear()
      const changed = Promise.withResolvers<void>()
      supersede()
      supersede = changed.resolve
      // What was just saved may be what makes the one before it work.
      running = running.then(() => Promise.race([reload(batch), changed.promise]))
    }, DEBOUNCE_MS)
  }

  async function reload(batch: string[]): Promise<void> {
    if (batch.includes(VENDOR)) await attempt('packages', () => platform.rebuildVendor())
    if (batch.includes(MANIFESTS)) await attempt('manifests', () => platform.reload())
    for (const name of batch.filter(name => !SPECIAL.includes(name))) {
      await attempt(name, () => platform.redeploy(name))
    }
    if (batch.includes(SQL)) await attempt('schema', () => platform.migrate())
  }

  async function attempt(name: string, task: () => Promise<void>): Promise<void> {
    const begun = performance.now()
    try {
      await task()
      log.info(name, `reloaded in ${Math.round(performance.now() - begun)}ms`)
    } catch (error) {
      log.error(name, `not reloaded, what ran before runs on: ${toText(error)}`)
    }
  }

  watchers.push(
    watch(join(root, 'functions'), { recursive: true }, (_event, file) => {
      const name = file?.split(sep)[0]
      if (!name || !names().includes(name)) return
      // One function carries the SQL of all.
      if (file?.endsWith('.sql')) touch('migrations', SQL)
      else touch(name)
    }),
    watch(join(root, 'shared'), { recursive: true }, (_event, file) => {
      touch(...names(), ...(file?.startsWith('web') ? [VENDOR] : []))
    }),
    ...['knative', 'eventing'].map(folder =>
      watch(join(root, folder), { recursive: true }, (_event, file) => {
        if (file?.endsWith('.yaml')) touch(MANIFESTS)
      }),
    ),
  )
  for (const watcher of watchers) {
    watcher.on('error', error =>
      log.error('emulator', `a folder is not watched any more: ${toText(error)}`),
    )
  }
  log.info('emulator', 'watching functions/, shared/, knative/ and eventing/')
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}

const toText = (error: unknown): string => (error instanceof Error ? error.message : String(error))

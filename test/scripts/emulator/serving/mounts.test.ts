import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { References } from '../../../../scripts/emulator/environment.ts'
import type { VolumeMount } from '../../../../scripts/emulator/manifests/types.ts'
import { createMounts, isMountable } from '../../../../scripts/emulator/serving/mounts.ts'
import { toWarnings } from '../../../../scripts/emulator/serving/warnings.ts'
import { createWorld, service } from './world.ts'

const references: References = {
  configMap: (_namespace, name) =>
    name === 'settings' ? { level: 'info', 'a.yaml': 'a: 1' } : undefined,
  secret: (_namespace, name) => (name === 'login' ? { token: 'secret' } : undefined),
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mounts-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

const settings = { kind: 'ConfigMap', name: 'settings', optional: false } as const
const mounted = (mount: VolumeMount) => service('orders', { mounts: [mount] })

test('keys are files below /tmp, those of a Secret for their owner only, and gone at the end', () => {
  const mountPath = join(folder(), 'deep', 'config')
  const mounts = createMounts(references)
  const login = { kind: 'Secret', name: 'login', optional: false } as const
  mounts.write(mounted({ mountPath, sources: [settings, login] }))
  expect(readFileSync(join(mountPath, 'level'), 'utf8')).toBe('info')
  expect(readFileSync(join(mountPath, 'a.yaml'), 'utf8')).toBe('a: 1')
  expect(statSync(join(mountPath, 'token')).mode & 0o777).toBe(0o600)
  mounts.close()
  expect(existsSync(join(mountPath, 'level'))).toBe(false)
})

test('items choose keys and paths, which stay inside the volume', () => {
  const mountPath = join(folder(), 'config')
  const mounts = createMounts(references)
  const items = [{ key: 'level', path: 'sub/log-level' }]
  mounts.write(mounted({ mountPath, sources: [{ ...settings, items }] }))
  expect(readFileSync(join(mountPath, 'sub', 'log-level'), 'utf8')).toBe('info')
  expect(existsSync(join(mountPath, 'level'))).toBe(false)
  const outside = [{ key: 'level', path: '../level' }]
  expect(() =>
    mounts.write(mounted({ mountPath, sources: [{ ...settings, items: outside }] })),
  ).toThrow("a volume's path must stay inside it, got ../level")
  mounts.close()
})

test('what is not there is an error unless it is optional, and a link is not followed', () => {
  const base = folder()
  const mounts = createMounts(references)
  const missing = { kind: 'Secret', name: 'nothing', optional: false } as const
  const mountPath = join(base, 'config')
  expect(() => mounts.write(mounted({ mountPath, sources: [missing] }))).toThrow(
    'a volume refers to Secret nothing, which does not exist',
  )
  mounts.write(mounted({ mountPath, sources: [{ ...missing, optional: true }] }))
  const link = join(base, 'link')
  symlinkSync(base, link)
  expect(() => mounts.write(mounted({ mountPath: link, sources: [] }))).toThrow(
    '"mountPath" must be a folder of this user',
  )
  mounts.close()
})

test('a path of the machine is not written to, and that is said', () => {
  const mount = { mountPath: '/etc/config', sources: [settings] }
  expect(isMountable(mount)).toBe(false)
  expect(isMountable({ mountPath: '/tmp', sources: [] })).toBe(false)
  expect(isMountable({ mountPath: '/tmp/../etc', sources: [] })).toBe(false)
  expect(toWarnings(mounted(mount))).toEqual([
    'volumeMounts: /etc/config is not mounted, only whole volumes below /tmp are',
  ])
})

test('a process finds its files when it starts', async () => {
  const mountPath = join(folder(), 'config')
  const world = await createWorld([mounted({ mountPath, sources: [settings] })], { references })
  expect((await world.call('orders.localhost')).status).toBe(200)
  expect(readFileSync(join(mountPath, 'level'), 'utf8')).toBe('info')
})

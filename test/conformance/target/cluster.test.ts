import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { toKubeconfig } from '../../../scripts/emulator/api/kubernetes/kubeconfig.ts'
import { createEmulator, type Emulator } from '../../../scripts/emulator/emulator.ts'
import { loadRules } from '../load.ts'
import { runRules } from '../run.ts'
import { openCluster } from './cluster.ts'
import { openTarget } from './open.ts'

const PROBE = fileURLToPath(new URL('../probe/probe.mjs', import.meta.url))
const RULES = ['serving/019-names', 'serving/026-merge-patch', 'serving/026-watch', 'eventing/054']

/** Something that answers as a cluster does, and runs the probe for any image. */
async function startCluster(): Promise<{ emulator: Emulator; kubeconfig: string }> {
  const emulator = await createEmulator({
    resolveCommand: () =>
      Promise.resolve({
        command: process.execPath,
        args: [PROBE],
        cwd: tmpdir(),
        env: { LISTEN_ADDRESS: '127.0.0.1' },
      }),
  })
  onTestFinished(emulator.close)
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const kubeconfig = join(folder, 'config')
  writeFileSync(kubeconfig, toKubeconfig({ ...emulator.kubernetes, namespace: 'default' }))
  return { emulator, kubeconfig }
}

it('tries the same rules on a cluster that a kubeconfig names', async () => {
  const { emulator, kubeconfig } = await startCluster()
  const target = await openCluster({
    kubeconfig,
    image: 'registry.test/probe',
    ingress: new URL(emulator.url).host,
    namespace: 'mine',
  })
  const rules = (await loadRules()).filter(({ name }) => RULES.some(each => name.startsWith(each)))
  const outcomes = await runRules(rules, target)
  expect(outcomes.length).toBeGreaterThanOrEqual(RULES.length)
  expect(outcomes.filter(({ result }) => result !== 'passed')).toEqual([])
  await target.close()
  const left = emulator.control.catalogue
    .list()
    .filter(({ object }) => object.metadata.namespace === 'mine')
    .map(({ object }) => object.kind)
  expect(left.filter(kind => ['Service', 'Broker', 'Trigger'].includes(kind))).toEqual([])
})

it('says which variable is missing for a cluster', async () => {
  const { kubeconfig } = await startCluster()
  const env = { AIWFE_CONFORMANCE_KUBECONFIG: kubeconfig }
  await expect(openTarget(env)).rejects.toThrow('"AIWFE_CONFORMANCE_IMAGE" must be an image')
  await expect(openTarget({ ...env, AIWFE_CONFORMANCE_IMAGE: 'x' })).rejects.toThrow(
    '"AIWFE_CONFORMANCE_INGRESS" must be host:port',
  )
})

it('refuses a kubeconfig whose user logs in by a plug-in, and says what helps', async () => {
  const { kubeconfig } = await startCluster()
  writeFileSync(
    kubeconfig,
    [
      'current-context: a',
      'contexts: [{ name: a, context: { cluster: a, user: a } }]',
      'clusters: [{ name: a, cluster: { server: "https://127.0.0.1:1" } }]',
      'users: [{ name: a, user: { exec: { command: x } } }]',
    ].join('\n'),
  )
  await expect(
    openCluster({ kubeconfig, image: 'x', ingress: 'y', namespace: undefined }),
  ).rejects.toThrow('"user" must hold a token or a client certificate, got exec')
})

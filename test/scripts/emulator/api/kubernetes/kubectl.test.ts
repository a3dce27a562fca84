/** The client that everybody has, against the emulator as it is. */
import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { toKubeconfig } from '../../../../../scripts/emulator/api/kubernetes/kubeconfig.ts'
import { createEmulator } from '../../../../../scripts/emulator/emulator.ts'
import { temporaryDirectory } from '../../eventing/fixture.ts'
import { runFixture } from '../../serving/world.ts'

const MANIFEST = `
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: hello }
spec: { template: { spec: { containers: [{ image: registry.test/hello }] } } }
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: greeted }
spec:
  broker: default
  subscriber: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: hello } }
`

function hasKubectl(): boolean {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test.skipIf(!hasKubectl())(
  'kubectl (skipped where it is not installed)',
  async () => {
    const emulator = await createEmulator({ resolveCommand: runFixture })
    onTestFinished(() => emulator.close())
    const home = temporaryDirectory()
    const file = join(home, 'all.yaml')
    const config = join(home, 'kubeconfig')
    writeFileSync(file, MANIFEST)
    writeFileSync(config, toKubeconfig({ ...emulator.kubernetes, namespace: 'shop' }))
    const kubectl = async (...args: string[]): Promise<string> => {
      const env = { PATH: process.env.PATH, HOME: home, KUBECONFIG: config }
      const run = promisify(execFile)('kubectl', args, { env, timeout: 30_000 })
      const { stdout, stderr } = await run.catch(
        (error: { stdout: string; stderr: string }) => error,
      )
      return `${stdout}${stderr}`
    }
    expect(await kubectl('apply', '-f', file)).toBe(
      'service.serving.knative.dev/hello created\ntrigger.eventing.knative.dev/greeted created\n',
    )
    await kubectl('wait', '--for=condition=Ready', 'ksvc/hello', '--timeout=20s')
    expect(await kubectl('get', 'ksvc')).toMatch(
      /^NAME +URL +LATESTCREATED +LATESTREADY +READY +REASON\nhello +http:\S+ +hello-00001 +hello-00001 +True +\n$/,
    )
    expect(await kubectl('get', 'trigger')).toMatch(/greeted +default .* BrokerDoesNotExist\n/)
    expect(await kubectl('apply', '-f', file)).toContain('greeted unchanged')
    expect(await kubectl('patch', 'ksvc', 'hello', '--type=json', '-p', PATCH)).toContain('patched')
    await kubectl(
      'wait',
      '--for=jsonpath={.status.latestReadyRevisionName}=hello-00002',
      'ksvc/hello',
    )
    expect(await kubectl('get', 'rev', '-o', 'name')).toBe(
      'revision.serving.knative.dev/hello-00001\nrevision.serving.knative.dev/hello-00002\n',
    )
    writeFileSync(file, MANIFEST.replace('image: registry', 'colour: red, image: registry'))
    expect(await kubectl('apply', '-f', file)).toContain(
      'strict decoding error: unknown field "spec.template.spec.containers[0].colour"',
    )
    // These come as protobuf.
    expect(await kubectl('create', 'namespace', 'other')).toBe('namespace/other created\n')
    expect(await kubectl('create', 'secret', 'generic', 'key', '--from-literal=a=b')).toBe(
      'secret/key created\n',
    )
    expect(emulator.control.stored.secret('shop', 'key')).toEqual({ a: 'b' })
    await kubectl('create', 'configmap', 'words', '--from-literal=c=d', '--from-literal=e=f')
    expect(emulator.control.stored.configMap('shop', 'words')).toEqual({ c: 'd', e: 'f' })
    expect(await kubectl('delete', 'ksvc', 'hello')).toContain('deleted')
    expect(await kubectl('get', 'rev')).toBe('No resources found in shop namespace.\n')
  },
  60_000,
)

const PATCH = JSON.stringify([
  {
    op: 'add',
    path: '/spec/template/spec/containers/0/env',
    value: [{ name: 'A', value: 'b' }],
  },
])

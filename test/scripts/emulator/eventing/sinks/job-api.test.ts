import { expect, onTestFinished, test } from 'vitest'
import { createEmulator } from '../../../../../scripts/emulator/emulator.ts'

const JOBS = '/apis/batch/v1/namespaces/app/jobs'
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'

test('kubectl sees the jobs of a JobSink beside those that were only applied, and deletes both', async () => {
  const emulator = await createEmulator({
    manifests: `
apiVersion: sinks.knative.dev/v1alpha1
kind: JobSink
metadata: { name: work, namespace: app }
spec:
  job:
    spec:
      template:
        metadata: { annotations: { emulator.aiwfe.dev/command: "true" } }
        spec: { containers: [{ name: a, image: b }] }
---
apiVersion: batch/v1
kind: Job
metadata: { name: written, namespace: app }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: b }] } } }
`,
  })
  onTestFinished(() => emulator.close())
  const { server, token } = emulator.kubernetes
  const ask = async (method: string, path: string, headers = {}) => {
    const authorization = `Bearer ${token}`
    const response = await fetch(`${server}${path}`, {
      method,
      headers: { authorization, ...headers },
    })
    return JSON.parse(await response.text())
  }
  const rows = async (): Promise<string[][]> => {
    const { rows: found } = await ask('GET', JOBS, { accept: TABLE })
    return found.map(({ cells }: { cells: unknown[] }) => cells.slice(0, 3).map(String))
  }
  await emulator.send({
    url: 'http://job-sink.knative-eventing.svc.cluster.local/app/work',
    method: 'POST',
    headers: { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' },
  })
  const made = expect.stringMatching(/^work-[0-9a-f]{32}$/)
  let seen: string[][] = []
  await expect
    .poll(async () => {
      seen = (await rows()).sort()
      return seen
    })
    .toEqual([
      [made, 'Complete', '1/1'],
      ['written', '', '0/1'],
    ])
  for (const [name] of seen) await ask('DELETE', `${JOBS}/${name}`)
  expect(await rows()).toEqual([])
  expect(emulator.logs().filter(({ level }) => level === 'error')).toEqual([])
})

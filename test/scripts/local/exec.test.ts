import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { toKubeconfig } from '../../../scripts/emulator/api/kubernetes/kubeconfig.ts'
import { createEmulator } from '../../../scripts/emulator/emulator.ts'
import { writeEnv } from '../../../scripts/local/env-file.ts'
import { readPlatformEnvironment, runCommand } from '../../../scripts/local/exec.ts'
import { parseExecArguments } from '../../../scripts/local/exec-arguments.ts'
import { temporaryDirectory } from '../emulator/eventing/fixture.ts'

test.each([
  [['ls', '-l'], { command: ['ls', '-l'] }],
  [['--', '--help'], { command: ['--help'] }],
  [['--service', 'a', 'ls', '--service', 'b'], { service: 'a', command: ['ls', '--service', 'b'] }],
  [['--state-dir=/x=y', 'ls'], { stateDirectory: '/x=y', command: ['ls'] }],
  [['--help'], { help: true }],
])('%j is understood', (args, expected) => {
  expect(parseExecArguments(args, '/root')).toMatchObject(expected)
})

test.each([
  [[], '"command" must be named, got nothing'],
  [['--service'], '"--service" must have a value'],
  [['--colour', 'ls'], '"--colour" must be --service, --state-dir or --help'],
])('%j is refused: %s', (args, message) => {
  expect(() => parseExecArguments(args, '/root')).toThrow(message)
})

test('a command gets the addresses of what runs, and the environment of a function', async () => {
  const emulator = await createEmulator({
    manifests: {
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Service',
      metadata: {
        name: 'orders',
        namespace: 'shop',
        annotations: { 'emulator.aiwfe.dev/command': 'true' },
      },
      spec: {
        template: { spec: { containers: [{ image: 'a', env: [{ name: 'A', value: 'b' }] }] } },
      },
    },
    clock: 'virtual',
  })
  onTestFinished(() => emulator.close())
  const stateDirectory = temporaryDirectory()
  writeEnv(join(stateDirectory, 'env'), { GATEWAY_URL: emulator.url, ADMIN_PASSWORD: 'p w' })
  const text = toKubeconfig({ ...emulator.kubernetes, namespace: 'shop' })
  writeFileSync(join(stateDirectory, 'kubeconfig'), text)
  const plain = await readPlatformEnvironment({ stateDirectory, service: undefined })
  expect(plain).toEqual({ GATEWAY_URL: emulator.url, ADMIN_PASSWORD: 'p w' })
  const database = 'postgres://ada@127.0.0.1:1/shop'
  writeEnv(join(stateDirectory, 'env'), { ...plain, DATABASE_URL: database, PGUSER: 'bob' })
  expect(await readPlatformEnvironment({ stateDirectory, service: undefined })).toMatchObject({
    DATABASE_URL: database,
    PGHOST: '127.0.0.1',
    PGDATABASE: 'shop',
    PGUSER: 'bob',
  })
  const own = await readPlatformEnvironment({ stateDirectory, service: 'shop/orders' })
  expect(own).toMatchObject({
    ...plain,
    A: 'b',
    K_SERVICE: 'orders',
    K_REVISION: 'orders-00001',
    HTTP_PROXY: emulator.url,
  })
  await expect(readPlatformEnvironment({ stateDirectory, service: 'nobody' })).rejects.toThrow(
    '"--service" must name a function that runs, got nobody',
  )
  const unasked = await fetch(`${emulator.url}/_emulator/environment?service=orders`)
  expect(unasked.status).toBe(401)
  await emulator.close()
  await expect(readPlatformEnvironment({ stateDirectory, service: undefined })).rejects.toThrow(
    `nothing runs on ${stateDirectory}: start it with npm start`,
  )
})

test('another platform that has the port by now is not taken for the one of the folder', async () => {
  const emulator = await createEmulator()
  onTestFinished(() => emulator.close())
  const stateDirectory = temporaryDirectory()
  writeEnv(join(stateDirectory, 'env'), { GATEWAY_URL: emulator.url })
  const server = emulator.kubernetes.server.replace(emulator.kubernetes.token, 'of-another')
  const text = toKubeconfig({ server, token: 'of-another', namespace: 'shop' })
  writeFileSync(join(stateDirectory, 'kubeconfig'), text)
  for (const service of [undefined, 'orders']) {
    await expect(readPlatformEnvironment({ stateDirectory, service })).rejects.toThrow(
      `nothing runs on ${stateDirectory}`,
    )
  }
})

test('the status of the command is the status of the whole', async () => {
  expect(await runCommand(['sh', '-c', 'exit $CODE'], { ...process.env, CODE: '7' })).toBe(7)
  expect(await runCommand(['sh', '-c', 'kill -9 $$'], process.env)).toBe(137)
  expect(await runCommand(['/nonesuch'], process.env)).toBe(127)
  expect(await runCommand(['/'], process.env)).toBe(126)
})

test('a signal goes on to the command, and the end says so', async () => {
  const script = fileURLToPath(new URL('../../../scripts/local/exec.ts', import.meta.url))
  const program = `import { runCommand } from ${JSON.stringify(script)}
    process.exit(await runCommand(['sh', '-c', 'trap "exit 9" TERM; echo up; while :; do sleep 0.05; done'], process.env))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(code).toBe(9)
})

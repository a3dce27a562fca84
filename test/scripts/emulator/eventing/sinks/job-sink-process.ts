/** JobSinks in a process that can be killed: `node job-sink-process.ts <folder>` prints its port when it listens. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createClock } from '../../../../../scripts/emulator/clock.ts'
import { OPEN } from '../../../../../scripts/emulator/eventing/policy/access.ts'
import { createJobSinks } from '../../../../../scripts/emulator/eventing/sinks/job-sinks.ts'
import { createLog } from '../../../../../scripts/emulator/log.ts'
import { parseManifests } from '../../../../../scripts/emulator/manifests/load.ts'
import { createProcessGuard } from '../../../../../scripts/emulator/serving/guard.ts'

const [folder = ''] = process.argv.slice(2)
const sinks = createJobSinks(
  {
    clock: createClock(),
    log: createLog({ write: () => {} }),
    send: () => Promise.reject(new Error('nothing is sent')),
    world: () => [],
    resolve: () => ({ error: 'nothing is resolved' }),
    ...OPEN,
    changed() {},
  },
  {
    directory: join(folder, 'jobs'),
    guard: createProcessGuard(),
    authorize: async () => undefined,
    bind: (_subject, env) => env,
    resolveCommand: async service => ({
      command: '/bin/sh',
      args: ['-c', `exec ${service.template.annotations['emulator.aiwfe.dev/command']}`],
      cwd: folder,
    }),
    resolveEnv: () => ({}),
    proxyUrl: () => '',
  },
)
for (const resource of parseManifests(readFileSync(join(folder, 'sink.yaml'), 'utf8')).eventing) {
  if (resource.kind === 'JobSink') sinks.apply(resource)
}
const server = createServer((request, response) => {
  if (!sinks.handler(request.headers.host ?? '', request, response)) response.writeHead(404).end()
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`)
})

/** Functions of the platform, with its stores, behind the emulator. */
import { fork } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ServerCommand, untilExit } from '../processes.ts'
import { type Opened, timed } from './subject.ts'

const SERVER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'servers', 'platform.ts')
const NAMESPACE = 'aiwfe-system'

/** Functions as the platform runs them, with its stores. */
export async function openPlatform(directory: string, names: readonly string[]): Promise<Opened> {
  const child = untilExit(
    fork(SERVER, [directory], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  )
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`it ended with ${code}`))
      child.once('exit', onExit)
      child.once('message', message => {
        child.off('exit', onExit)
        const said = message as T & { error?: string }
        if (said.error === undefined) resolve(said)
        else reject(new Error(said.error))
      })
    })
  const { url } = await next<{ url: string }>()
  const commandOf = async (name: string): Promise<ServerCommand> => {
    const answer = next<ServerCommand>()
    child.send(name)
    return answer
  }
  return {
    subjects: names.map(name => ({
      ...{ name: `${name}, request`, isRequest: true, url, service: name },
      command: () => commandOf(name),
      ask: async () => timed(url, `${name}.${NAMESPACE}.svc.cluster.local`, await commandOf(name)),
    })),
    async close() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

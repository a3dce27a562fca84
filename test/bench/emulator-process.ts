/** The emulator in a process of its own, from manifests as text: for benches and the soak. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Child, Children } from './children.ts'

/** What to start; passed to `servers/emulator.ts` as JSON. */
export interface EmulatorProcessOptions {
  /** Where its state is. */
  readonly directory: string
  /** YAML documents; the annotation `emulator.aiwfe.dev/command` says what runs. */
  readonly manifests: string
  /** Further variables of every function. */
  readonly env?: Readonly<Record<string, string>>
}

/** What the process prints when it is ready. */
export interface EmulatorReady {
  /** `http://127.0.0.1:<port>` of everything. */
  readonly url: string
  readonly brokerPort: number
}

/** A running one. */
export interface EmulatorProcess extends EmulatorReady {
  readonly child: Child
  brokerUrl(namespace: string, name: string): string
}

const SERVER = join(dirname(fileURLToPath(import.meta.url)), 'servers', 'emulator.ts')

/** Starts it and waits until it is ready. @throws Error with its output when it ends before */
export async function startEmulator(
  children: Children,
  options: EmulatorProcessOptions,
  nodeArgs: readonly string[] = [],
): Promise<EmulatorProcess> {
  const child = children.start(process.execPath, [...nodeArgs, SERVER, JSON.stringify(options)], {
    env: { HOME: process.env.HOME ?? '/' },
  })
  const ready = JSON.parse(await firstLine(child)) as EmulatorReady
  return {
    ...ready,
    child,
    brokerUrl: (namespace, name) => `http://127.0.0.1:${ready.brokerPort}/${namespace}/${name}`,
  }
}

/** The first line that a child prints. @throws Error with all that it printed when it ends before */
export function firstLine({ process: child, output }: Child): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', function onData(chunk) {
      text += chunk
      const end = text.indexOf('\n')
      if (end < 0) return
      child.stdout?.off('data', onData)
      resolve(text.slice(0, end))
    })
    child.once('exit', code => reject(new Error(`a server ended with ${code}\n${output()}`)))
  })
}

/** Brings a function back to zero replicas by turning the emulator's clock forward. */
import { setTimeout } from 'node:timers/promises'

/** Where the function is. */
export interface Located {
  /** The emulator's own address. */
  readonly url: string
  /** The name of its Service. */
  readonly service: string
}

interface Functions {
  functions: {
    name: string
    replicas: { ready: number; starting: number; draining: number }
  }[]
}

/** More than the stable window; what idles is gone after two. */
const STEP_MS = 70_000
const LIMIT_MS = 30_000

/** Advances until no process of it is left. @throws Error when it stays up */
export async function untilAtZero({ url, service }: Located, signal: AbortSignal): Promise<void> {
  const begun = performance.now()
  while (!(await isAtZero(url, service))) {
    signal.throwIfAborted()
    if (performance.now() - begun > LIMIT_MS) throw new Error(`${service} does not go to zero`)
    await ask(`${url}/_emulator/clock/advance?ms=${STEP_MS}`, 'POST')
    await setTimeout(10)
  }
}

async function isAtZero(url: string, service: string): Promise<boolean> {
  const { functions } = (await ask(`${url}/_emulator/functions`, 'GET')) as Functions
  const found = functions.find(({ name }) => name === service)
  if (!found) throw new Error(`the emulator has no function ${service}`)
  const { ready, starting, draining } = found.replicas
  return ready + starting + draining === 0
}

async function ask(url: string, method: string): Promise<unknown> {
  const response = await fetch(url, { method })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response.json()
}

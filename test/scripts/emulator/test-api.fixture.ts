/** The emulator as a developer's test has it: a virtual clock, closed when the test has ended. */
import { onTestFinished } from 'vitest'
import {
  createEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../scripts/emulator/emulator.ts'

export const BROKER = `
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: { name: default, namespace: shop }
`

/** A Trigger of {@link BROKER} whose subscriber bears its name. */
export const trigger = (name: string, delivery: string = ''): string => `
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: { name: ${name}, namespace: shop }
spec:
  broker: default
  subscriber:
    ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: ${name} }
  ${delivery}
`

/** Annotations of a Service that runs the fixture process `hello`. */
export const HELLO: Readonly<Record<string, string>> = {
  'emulator.aiwfe.dev/command': `"${process.execPath}" "${new URL('../../fixtures/processes/hello.mjs', import.meta.url).pathname}"`,
}

/** Starts one on a virtual clock. */
export async function started(options: EmulatorOptions): Promise<Emulator> {
  const emulator = await createEmulator({ clock: 'virtual', ...options })
  onTestFinished(() => emulator.close())
  return emulator
}

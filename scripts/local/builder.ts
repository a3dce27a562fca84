/** Turns a Service's image into a command: the last path segment of `…/memory:0.1.0` is `functions/memory`. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { bundleFunction, bundleVendor, fileOf } from '../build.ts'
import { COMMAND_ANNOTATION, toAnnotatedCommand } from '../emulator/command.ts'
import type { ServiceResource } from '../emulator/manifests/types.ts'
import type { RunCommand } from '../emulator/serving/replica.ts'
import { readBuilt, stampOf, writeBuilt } from './build-stamp.ts'

/** Builds functions and knows how to run them. */
export interface Builder {
  /** Bundles every function that the Services name, and the packages that they share. */
  buildAll(services: readonly ServiceResource[]): Promise<void>
  /** Bundles the shared packages again. */
  buildVendor(): Promise<void>
  /** Bundles one function again; resolves to its digest. @throws esbuild's `BuildFailure` */
  build(name: string): Promise<string>
  /** What runs a Service. @throws Error that says what the image or annotation lacks */
  command(service: ServiceResource): Promise<RunCommand>
}

/** Makes the builder of the project at `root`. */
export function createBuilder(root: string): Builder {
  const digests = new Map<string, string>()
  const building = new Map<string, symbol>()
  const has = (name: string): boolean => existsSync(join(root, 'functions', name, 'index.ts'))

  async function build(name: string): Promise<string> {
    const turn = Symbol(name)
    building.set(name, turn)
    const { digest } = await bundleFunction(name)
    // A later build that was done sooner has the newer source.
    if (building.get(name) === turn) digests.set(name, digest)
    return digest
  }

  async function buildAll(services: readonly ServiceResource[]): Promise<void> {
    const stamp = stampOf(root)
    const names = services.map(imageName).filter(has)
    const known = readBuilt(stamp)
    if (known && names.every(name => known[name] && existsSync(fileOf(name, known[name])))) {
      for (const [name, digest] of Object.entries(known)) digests.set(name, digest)
      return
    }
    await Promise.all([bundleVendor(), ...names.map(build)])
    writeBuilt(stamp, Object.fromEntries(digests))
  }

  async function command(service: ServiceResource): Promise<RunCommand> {
    const own = toAnnotatedCommand(service, root)
    if (own) return own
    const name = imageName(service)
    if (!has(name)) {
      throw new Error(
        `${service.file}: image ${service.template.image} is no function of this project: ` +
          `add functions/${name}/index.ts, or the annotation ${COMMAND_ANNOTATION}`,
      )
    }
    const digest = digests.get(name) ?? (await build(name))
    return {
      command: process.execPath,
      args: [fileOf(name, digest)],
      cwd: root,
      // Our bundles find the proxy themselves; this would load undici at every start.
      env: { NODE_USE_ENV_PROXY: '0' },
    }
  }

  return { buildAll, buildVendor: () => bundleVendor(), build, command }
}

const imageName = (service: ServiceResource): string =>
  (service.template.image.split('/').at(-1) ?? '').replace(/[:@].*$/, '')

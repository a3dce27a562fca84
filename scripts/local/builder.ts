/** Turns a Service's image into a command: the last path segment of `…/memory:0.1.0` is `functions/memory`. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFunction, bundleVendor, DIST } from '../build.ts'
import type { ServiceResource } from '../emulator/manifests/types.ts'
import type { RunCommand } from '../emulator/serving/replica.ts'
import { isBuilt, markBuilt, stampOf } from './build-stamp.ts'

/** Builds functions and knows how to run them. */
export interface Builder {
  /** Bundles every function that the Services name, and the packages that they share. */
  buildAll(services: readonly ServiceResource[]): Promise<void>
  /** Bundles one function again. @throws esbuild's `BuildFailure` */
  build(name: string): Promise<void>
  /** What runs a Service. @throws Error that says what the image or annotation lacks */
  command(service: ServiceResource): Promise<RunCommand>
}

/** Runs an image that is no function of ours, e.g. one in another language. */
const COMMAND_ANNOTATION = 'emulator.aiwfe.dev/command'

/** Makes the builder of the project at `root`. */
export function createBuilder(root: string): Builder {
  const versions = new Map<string, string>()
  const has = (name: string): boolean => existsSync(join(root, 'functions', name, 'index.ts'))

  async function build(name: string): Promise<void> {
    await bundleFunction(name)
    versions.set(name, await versionOf(name))
  }

  async function buildAll(services: readonly ServiceResource[]): Promise<void> {
    const stamp = stampOf(root)
    if (isBuilt(stamp)) return
    const names = services.map(imageName).filter(has)
    await Promise.all([bundleVendor(), ...names.map(build)])
    markBuilt(stamp)
  }

  async function command(service: ServiceResource): Promise<RunCommand> {
    const own =
      service.template.annotations[COMMAND_ANNOTATION] ?? service.annotations[COMMAND_ANNOTATION]
    if (own !== undefined) return { command: '/bin/sh', args: ['-c', `exec ${own}`], cwd: root }
    const name = imageName(service)
    if (!has(name)) {
      throw new Error(
        `${service.file}: image ${service.template.image} is no function of this project: ` +
          `add functions/${name}/index.ts, or the annotation ${COMMAND_ANNOTATION}`,
      )
    }
    const version = versions.get(name) ?? (await versionOf(name))
    versions.set(name, version)
    return {
      command: process.execPath,
      args: [join(DIST, `${name}.cjs`)],
      cwd: root,
      // A changed build is a changed template: Knative would see a new image digest here.
      env: { AIWFE_BUILD: version, NODE_USE_ENV_PROXY: '0' },
    }
  }

  return { buildAll, build, command }
}

/** The bundle's digest, as an image would have one; a function that is new since the start is built now. */
async function versionOf(name: string): Promise<string> {
  const file = join(DIST, `${name}.main.cjs`)
  if (!existsSync(file)) await bundleFunction(name)
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 12)
}

const imageName = (service: ServiceResource): string =>
  (service.template.image.split('/').at(-1) ?? '').replace(/[:@].*$/, '')

/** Files of ConfigMaps and Secrets where a container mounts them, as far as a machine without containers can: below /tmp. */
import { chownSync, lstatSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve, sep } from 'node:path'
import type { References } from '../environment.ts'
import type { ServiceResource, VolumeMount, VolumeSource } from '../manifests/types.ts'

/** Writes what processes mount, and takes it away at the end. */
export interface Mounts {
  /**
   * Writes the files as they are now; each start of a process does so.
   * @throws Error that names a ConfigMap or Secret that is not there, or a folder that is not ours
   */
  write(service: ServiceResource): void
  /** Removes every file that was written. */
  close(): void
}

const FOLDER_MODE = 0o755
const FILE_MODES = { ConfigMap: 0o644, Secret: 0o600 } as const

/** Whether a mount can be had here: other paths belong to the machine, and one file of a volume is no folder. */
export function isMountable({ mountPath, subPath }: VolumeMount): boolean {
  const full = resolve(mountPath)
  if (subPath !== undefined) return false
  return ['/tmp', tmpdir()].some(base => full.startsWith(base + sep))
}

/** Nothing written yet. */
export function createMounts(references: References | undefined): Mounts {
  const files = new Set<string>()
  const folders = new Set<string>()

  function write({ template, namespace }: ServiceResource): void {
    for (const mount of template.mounts ?? []) {
      if (!isMountable(mount)) continue
      const folder = resolve(mount.mountPath)
      open(folder, template.runAsUser)
      for (const source of mount.sources) {
        for (const [path, text] of toFiles(source, namespace)) {
          put(toPath(folder, path), text, FILE_MODES[source.kind], template.runAsUser)
        }
      }
    }
  }

  function toFiles(source: VolumeSource, namespace: string): [string, string][] {
    const { kind, name, optional, items } = source
    const find = kind === 'Secret' ? references?.secret : references?.configMap
    const values = find?.(namespace, name)
    if (!values && !optional)
      throw new Error(`a volume refers to ${kind} ${name}, which does not exist`)
    if (!items) return Object.entries(values ?? {})
    return items.map(({ key, path }) => {
      const text = values?.[key]
      if (text !== undefined) return [path, text]
      throw new Error(`a volume refers to key ${key} of ${kind} ${name}, which does not exist`)
    })
  }

  /** Another user may have put a link at a path below /tmp. */
  function open(folder: string, uid: number | undefined): void {
    if (mkdirSync(folder, { recursive: true, mode: FOLDER_MODE }) !== undefined) {
      folders.add(folder)
      own(folder, uid)
    }
    const found = lstatSync(folder)
    const isOurs = [process.getuid?.(), uid].includes(found.uid)
    if (!found.isDirectory() || !isOurs) {
      throw new Error(`"mountPath" must be a folder of this user, got ${folder}`)
    }
  }

  function put(path: string, text: string, mode: number, uid: number | undefined): void {
    open(dirname(path), uid)
    rmSync(path, { force: true })
    writeFileSync(path, text, { mode, flag: 'wx' })
    files.add(path)
    own(path, uid)
  }

  return {
    write,
    close() {
      for (const file of files) rmSync(file, { force: true })
      for (const folder of [...folders].reverse()) {
        try {
          rmdirSync(folder)
        } catch {
          // A function left something of its own in it.
        }
      }
      files.clear()
      folders.clear()
    },
  }
}

function toPath(folder: string, path: string): string {
  const full = join(folder, path)
  if (full.startsWith(folder + sep)) return full
  throw new Error(`a volume's path must stay inside it, got ${path}`)
}

/** Only root can give files to somebody else. */
function own(path: string, uid: number | undefined): void {
  if (uid !== undefined && process.getuid?.() === 0) chownSync(path, uid, uid)
}

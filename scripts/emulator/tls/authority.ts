/** The local certificate authority: made on first use, kept, and asked for a certificate per host name. */
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import { createLeaf, createRoot, type KeyPair } from './certificate.ts'

/** Vouches for `localhost`, everything below it, and the loopback addresses; for nothing else. */
export interface Authority {
  /** PEM, for clients to trust. */
  readonly file: string
  /** What `localhost` and clients without a name are shown. */
  readonly fallback: KeyPair
  /** For a name that the client asks for; the fallback's when it is none of ours. */
  contextFor(name: string): Promise<SecureContext>
}

const ROOT_DAYS = 3_650
/** Apple's systems refuse longer ones; they are made anew at each start. */
const LEAF_DAYS = 397
const RENEW_BEFORE_MS = 60 * 86_400_000
const MAX_KEPT = 256
const PERMITTED = { dns: ['localhost'], ip: ['127.0.0.0/8', '::1/128'] }
const ALWAYS = ['localhost', '*.localhost']
const BELOW = /^([a-z\d]([a-z\d-]{0,61}[a-z\d])?\.)+localhost$/

/** Opens the authority of the folder, or makes one there; its key is for the owner's eyes only. */
export async function openAuthority(directory: string): Promise<Authority> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'ca.pem')
  const keyFile = join(directory, 'ca-key.pem')
  const root = readRoot(file, keyFile) ?? (await makeRoot(file, keyFile))
  const contexts = new Map<string, Promise<SecureContext>>()
  const fallback = await createFor(root)
  const fallbackContext = createSecureContext({ cert: fallback.certificate, key: fallback.key })

  async function make(name: string): Promise<SecureContext> {
    const { certificate, key } = await createFor(root, name)
    return createSecureContext({ cert: certificate, key })
  }

  return {
    file,
    fallback,
    contextFor(asked) {
      const name = asked.toLowerCase()
      if (!BELOW.test(name)) return Promise.resolve(fallbackContext)
      const context = contexts.get(name) ?? make(name)
      // Anybody can ask for any name: the oldest go.
      contexts.delete(name)
      contexts.set(name, context)
      const [oldest] = contexts.keys()
      if (contexts.size > MAX_KEPT && oldest !== undefined) contexts.delete(oldest)
      return context
    },
  }
}

/** The name itself too, because some clients take no wildcard right below a top-level domain. */
function createFor(root: KeyPair, name?: string): Promise<KeyPair> {
  const parent = name?.slice(name.indexOf('.') + 1)
  const below = parent === undefined || parent === 'localhost' ? [] : [`*.${parent}`]
  const dns = [...(name === undefined ? [] : [name]), ...below, ...ALWAYS]
  const subject = { commonName: (name ?? 'localhost').slice(0, 64), days: LEAF_DAYS }
  return createLeaf(subject, { dns, ip: ['127.0.0.1', '::1'] }, root)
}

/** Undefined when there is none that will do for long enough. */
function readRoot(file: string, keyFile: string): KeyPair | undefined {
  try {
    const root = { certificate: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8') }
    const { validToDate } = new X509Certificate(root.certificate)
    createSecureContext({ cert: root.certificate, key: root.key })
    return validToDate.getTime() - Date.now() > RENEW_BEFORE_MS ? root : undefined
  } catch {
    return undefined
  }
}

async function makeRoot(file: string, keyFile: string): Promise<KeyPair> {
  const day = new Date().toISOString().slice(0, 10)
  const root = await createRoot({ commonName: `aiwfe local CA ${day}`, days: ROOT_DAYS }, PERMITTED)
  write(keyFile, root.key, 0o600)
  write(file, root.certificate, 0o644)
  return root
}

/** Whole or not at all. */
function write(file: string, text: string, mode: number): void {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, text, { mode, flush: true })
  renameSync(draft, file)
}

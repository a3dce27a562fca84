/** The Secrets that manifests refer to, for a laptop: made once, strong, kept in the state folder (0600). */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { ServiceResource } from '../emulator/manifests/types.ts'
import { writeFileAtomically } from './write-file.ts'

/** Values by Secret name and key. */
export type SecretValues = Record<string, Record<string, string>>

/** The Secrets of one state folder. */
export interface Secrets {
  /** The value of a key; a key that nobody has made yet gets a random one, unless it is optional. */
  resolve(name: string, key: string, optional?: boolean): string | undefined
  /** All keys of a Secret; undefined when nobody has made any. */
  values(name: string): Readonly<Record<string, string>> | undefined
  /** Makes a key pair for a function that has none; functions that start from now on trust it. */
  addIdentity(name: string): void
  /** Sets values that come from elsewhere, e.g. the addresses of stores. They are not written to the file. */
  provide(name: string, values: Record<string, string>): void
  /** Writes what was made since the last time. */
  save(): void
}

/** The Secret with each function's private key, and all public ones under `jwks`. */
const IDENTITY = 'aiwfe-identity'

/** The operator's own identity: `npm start` uses it to call migrations. */
export const OPERATOR = 'operator'

/** Opens the Secrets kept in `file`; every function of `services` has an identity from now on. */
export function openSecrets(file: string, services: readonly ServiceResource[]): Secrets {
  const kept = read(file)
  const provided: SecretValues = {}
  let dirty = false

  function put(name: string, key: string, value: string): string {
    kept[name] = { ...kept[name], [key]: value }
    dirty = true
    return value
  }

  function addIdentity(name: string): void {
    if (kept[IDENTITY]?.[name] !== undefined) return
    put(IDENTITY, name, createPrivateKey())
    put(IDENTITY, 'jwks', toJwks(kept[IDENTITY] ?? {}))
  }

  for (const name of [OPERATOR, ...services.map(service => service.name)]) addIdentity(name)

  return {
    resolve(name, key, optional = false) {
      const value = provided[name]?.[key] ?? kept[name]?.[key]
      if (value !== undefined || optional) return value
      // Their values come from elsewhere: a key that is not among them is a mistake, and no random text would help.
      const keys = Object.keys(
        provided[name] ?? (name === IDENTITY ? kept[IDENTITY] : undefined) ?? {},
      )
      if (keys.length > 0) {
        throw new Error(
          `"${key}" must be a key of the Secret ${name}, which has ${keys.join(', ')}`,
        )
      }
      return put(name, key, randomBytes(32).toString('base64url'))
    },
    values: name =>
      provided[name] || kept[name] ? { ...kept[name], ...provided[name] } : undefined,
    addIdentity,
    provide(name, values) {
      provided[name] = { ...provided[name], ...values }
    },
    save() {
      if (dirty) writeFileAtomically(file, `${JSON.stringify(kept, null, 2)}\n`, 0o600)
      dirty = false
    },
  }
}

const createPrivateKey = (): string =>
  JSON.stringify(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }))

/** Public halves only: a private Ed25519 JWK holds its public key as `x` (RFC 8037 2). */
function toJwks(identities: Record<string, string>): string {
  const keys = Object.entries(identities)
    .filter(([name]) => name !== 'jwks')
    .map(([kid, text]) => {
      const { kty, crv, x } = JSON.parse(text) as Record<string, string>
      return { kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }
    })
  return JSON.stringify({ keys })
}

function read(file: string): SecretValues {
  if (!existsSync(file)) return {}
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (isSecretValues(value)) return value
  } catch {
    // Said below without the parser's message, which may repeat a secret.
  }
  throw new Error(`"${file}" cannot be read: restore it, or start with --fresh to make a new state`)
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSecretValues = (value: unknown): value is SecretValues =>
  isRecord(value) &&
  Object.values(value).every(
    values => isRecord(values) && Object.values(values).every(text => typeof text === 'string'),
  ) &&
  Object.values(value[IDENTITY] ?? {}).every(isJson)

function isJson(text: unknown): boolean {
  try {
    return isRecord(JSON.parse(String(text)))
  } catch {
    return false
  }
}

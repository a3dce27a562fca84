/** Configuration: read once from the environment, checked whole, frozen. Each default stands in one table. */

/** How one environment variable becomes a value. */
export interface Setting<T> {
  /** Turns the text into the value; throws a message that says what it must be. */
  readonly parse: (text: string) => T
  /** Used when the variable is unset or empty; without one the variable is required. */
  readonly fallback?: T
  /** Never shown in a log or an error. */
  readonly secret?: boolean
  /** One clause for the function's README and the error: what it is. */
  readonly about: string
}

/** The settings of a function, by environment variable. */
export type Settings<C> = { readonly [K in keyof C]: Setting<C[K]> }

/** Any text. */
export const text = (about: string, fallback?: string): Setting<string> => ({
  parse: value => value,
  about,
  ...(fallback !== undefined && { fallback }),
})

/** A text that must stay secret, of at least `minLength` characters. */
export const secret = (about: string, minLength = 1): Setting<string> => ({
  parse(value) {
    if (value.length < minLength) throw new TypeError(`must have at least ${minLength} characters`)
    return value
  },
  about,
  secret: true,
})

/** An `http:` or `https:` URL without a trailing slash. */
export const url = (about: string, fallback?: string): Setting<string> => ({
  parse(value) {
    if (!URL.canParse(value) || !/^https?:/.test(value)) {
      throw new TypeError('must be an http or https URL')
    }
    return value.replace(/\/+$/, '')
  },
  about,
  ...(fallback !== undefined && { fallback }),
})

/** A whole number in a range. */
export const integer = (
  about: string,
  fallback: number,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): Setting<number> => ({
  parse(value) {
    const number = Number(value)
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new TypeError(`must be a whole number from ${min} to ${max}`)
    }
    return number
  },
  about,
  fallback,
})

/** One of a few words. */
export const choice = <T extends string>(
  about: string,
  options: readonly T[],
  fallback: T,
): Setting<T> => ({
  parse(value) {
    const found = options.find(option => option === value)
    if (found === undefined) throw new TypeError(`must be one of ${options.join(', ')}`)
    return found
  },
  about,
  fallback,
})

/** A private Ed25519 JWK (RFC 8037), as its JSON text. */
export const jwk = (about: string, fallback?: string): Setting<string> => ({
  parse(value) {
    if (!isEd25519(parseJson(value), ['x', 'd'])) {
      throw new TypeError('must be a private Ed25519 key as a JWK')
    }
    return value
  },
  about,
  secret: true,
  ...(fallback !== undefined && { fallback }),
})

/** A set of public Ed25519 keys, as its JSON text (RFC 7517 5). */
export const jwks = (about: string, fallback?: string): Setting<string> => ({
  parse(value) {
    const keys = (parseJson(value) as { keys?: unknown } | null | undefined)?.keys
    if (!Array.isArray(keys) || !keys.every(key => isEd25519(key, ['x']) && !('d' in key))) {
      throw new TypeError('must be a JWKS of public Ed25519 keys')
    }
    return value
  },
  about,
  // Public keys only, unless somebody has mistaken it for the private one.
  secret: true,
  ...(fallback !== undefined && { fallback }),
})

/**
 * Reads `settings` from `env` into a frozen object.
 * @throws {@link ConfigError} that names every missing or wrong variable at once, never a secret's value
 */
export function readConfig<C extends object>(
  service: string,
  settings: Settings<C>,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<C> {
  const problems: string[] = []
  const config: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings) as [string, Setting<unknown>][]) {
    const value = env[name]
    if (value === undefined || value === '') {
      if (setting.fallback === undefined) problems.push(`"${name}" is missing: ${setting.about}`)
      config[name] = setting.fallback
      continue
    }
    try {
      config[name] = setting.parse(value)
    } catch (error) {
      const got = setting.secret ? '' : `, got ${JSON.stringify(value)}`
      problems.push(`"${name}" ${error instanceof Error ? error.message : error}${got}`)
    }
  }
  if (problems.length > 0) throw new ConfigError(service, problems)
  return Object.freeze(config) as Readonly<C>
}

/** The environment does not fit; the process must not start. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(service: string, problems: readonly string[]) {
    super(
      `${service} cannot start:\n${problems.map(problem => `  ${problem}`).join('\n')}\n` +
        `set them in knative/functions/${service}.yaml (env) or, for a local start, in the environment`,
    )
    this.problems = problems
  }
}

/** Whether `key` has the members `wanted`, 32 bytes each: such a key can be imported later without an error. */
function isEd25519(key: unknown, wanted: readonly ('x' | 'd')[]): key is object {
  if (typeof key !== 'object' || key === null) return false
  const members = key as Record<string, unknown>
  const has = (name: string): boolean => /^[\w-]{43}$/.test(String(members[name]))
  return members.kty === 'OKP' && members.crv === 'Ed25519' && wanted.every(has)
}

/** A parser's own message would repeat the text. */
function parseJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

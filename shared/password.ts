/** Password hashes: argon2id in PHC form, few at once, and the same work whether or not there is an account. */
import { AppError } from './errors.ts'

/** Hashes and checks passwords. */
export interface Passwords {
  /** @throws {@link AppError} `dependency_unavailable` when too many wait already */
  hash(password: string): Promise<string>
  /**
   * Compares exactly as received, byte for byte. Without a hash the same work is done and the answer is no.
   * `outdated` says that the hash should be made anew with today's parameters.
   */
  verify(
    phc: string | undefined,
    password: string,
  ): Promise<{ matches: boolean; outdated: boolean }>
}

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1
const SALT_BYTES = 16
const TAG_BYTES = 32
/** One for each thread of libuv's pool: more would only wait there, holding 19 MiB each. */
const MAX_RUNNING = 4
const MAX_WAITING = 50
const RETRY_AFTER_SECONDS = 2

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([\w+/]{11,86})\$([\w+/]{22,86})$/
/** Above this a stored hash would be an attack on ourselves. */
const MAX_MEMORY_KIB = 262_144

interface Cost {
  memory: number
  passes: number
  parallelism: number
}

const TODAY: Cost = { memory: MEMORY_KIB, passes: PASSES, parallelism: LANES }

/** Makes the hasher of a process. */
export function createPasswords({
  running = MAX_RUNNING,
  waiting = MAX_WAITING,
}: {
  running?: number
  waiting?: number
} = {}): Passwords {
  const turn = createTurns(running, waiting)

  async function hash(password: string): Promise<string> {
    const salt = process.getBuiltinModule('node:crypto').randomBytes(SALT_BYTES)
    const tag = await turn(() => derive(password, salt, TODAY, TAG_BYTES))
    return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${encode(salt)}$${encode(tag)}`
  }

  async function verify(
    phc: string | undefined,
    password: string,
  ): Promise<{ matches: boolean; outdated: boolean }> {
    const { timingSafeEqual } = process.getBuiltinModule('node:crypto')
    const stored = phc === undefined ? undefined : parsePhc(phc)
    const { cost, salt, tag } = stored ?? DUMMY
    const found = await turn(() => derive(password, salt, cost, tag.length))
    const matches = timingSafeEqual(found, tag) && stored !== undefined
    const outdated =
      cost.memory !== MEMORY_KIB || cost.passes !== PASSES || cost.parallelism !== LANES
    return { matches, outdated: matches && outdated }
  }

  return { hash, verify }
}

const DUMMY = {
  cost: TODAY,
  salt: Buffer.alloc(SALT_BYTES, 1),
  tag: Buffer.alloc(TAG_BYTES, 1),
}

function parsePhc(phc: string): { cost: Cost; salt: Buffer; tag: Buffer } {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(phc) ?? []
  if (!salt || !tag || Number(memory) > MAX_MEMORY_KIB) {
    throw new TypeError('"phc" must be an argon2id hash in PHC form')
  }
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function derive(password: string, nonce: Buffer, cost: Cost, tagLength: number): Promise<Buffer> {
  const { argon2 } = process.getBuiltinModule('node:crypto')
  const message = Buffer.from(password, 'utf8')
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce, tagLength, ...cost }, (error, tag) =>
      error ? reject(error) : resolve(tag),
    )
  })
}

/** Standard base64 without padding, as PHC strings have it. */
const encode = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

/** At most `running` tasks at once, in order of arrival; beyond `waiting` more the caller is sent away at once. */
function createTurns(running: number, waiting: number): <T>(task: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = []
  let active = 0
  return async task => {
    if (active >= running) {
      if (queue.length >= waiting) {
        throw new AppError('dependency_unavailable', 'too many passwords are being checked', {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        })
      }
      await new Promise<void>(resolve => queue.push(resolve))
    } else active += 1
    try {
      return await task()
    } finally {
      const next = queue.shift()
      if (next) next()
      else active -= 1
    }
  }
}

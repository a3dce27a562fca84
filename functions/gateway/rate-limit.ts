/** The request limit: exact over all instances, yet most requests never ask the store. */
import type { Kv } from '../../shared/clients/kv.ts'
import type { Logger } from '../../shared/log.ts'
import { createLocalLimit, type Verdict } from './local-limit.ts'
import { type Lease, takeLease } from './rate-lease.ts'

/** Counts the requests of callers. */
export interface RateLimit {
  /** Takes one permit of `caller`. Never rejects. */
  take(caller: string): Promise<Verdict>
  /** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11), `Retry-After` when refused. */
  headers(verdict: Verdict): [string, string][]
}

/** What a rate limit is made of. */
export interface RateLimitOptions {
  limit: number
  windowSeconds: number
  kv: () => Pick<Kv, 'eval'>
  log: Logger
  /** A clock that never goes back. */
  now: () => number
  id: () => string
}

interface Account {
  lease: Lease
  used: number
  /** The lease may be used until here, on our clock. */
  until: number
  /** A refusal is repeated until here without asking again. */
  refusedUntil: number
  /** What the next lease asks for: it doubles while leases are used up. */
  want: number
  waiting: number
  asking: Promise<void> | undefined
}

/** Short beside the window, for a lease counts this much longer; long enough to matter under load. */
const LEASE_MS = 2_000
/** No instance holds more than this share of the limit. */
const MAX_SHARE = 0.25
/** A refusal is asked about again this soon: other instances may have given permits back. */
const REFUSAL_MS = 250
/** After a failure the store is left alone this long. */
const PAUSE_MS = 1_000
const MAX_ACCOUNTS = 10_000

/**
 * Makes the limit: never more than `limit` requests of a caller in any window of `windowSeconds`, wherever the window
 * begins and however many instances there are. The first request of a caller asks the store for one permit, and each
 * used-up lease for twice as many; what is left of a lease goes back with the next question. When the store is away,
 * each instance counts alone and says so.
 */
export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { limit, windowSeconds, kv, log, now, id } = options
  const leaseMs = Math.min(LEASE_MS, windowSeconds * 100)
  const maxWant = Math.max(1, Math.floor(limit * MAX_SHARE))
  const accounts = new Map<string, Account>()
  const local = createLocalLimit({ limit, windowMs: windowSeconds * 1000, now })
  let failedAt = Number.NEGATIVE_INFINITY

  async function ask(caller: string, account: Account): Promise<void> {
    const { lease, used, want, waiting } = account
    const usedUp = used >= lease.granted
    account.want = usedUp ? Math.min(maxWant, want * 2) : 1
    const sentAt = now()
    try {
      const taken = await takeLease(kv(), {
        key: `rl:api:${caller}`,
        limit,
        windowMs: windowSeconds * 1000,
        leaseMs,
        want: Math.min(maxWant, Math.max(want, waiting)),
        id: id(),
        ...(!usedUp && lease.name !== '' && { back: { name: lease.name, used } }),
      })
      account.lease = taken
      account.used = 0
      // Counted from before the question, so never later than the store believes.
      account.until = sentAt + leaseMs
      if (taken.granted > 0 && now() >= account.until) {
        failedAt = now()
        log.warn('the rate limit counts alone: a lease had expired when it came')
      }
      account.refusedUntil = taken.granted > 0 ? 0 : now() + Math.min(REFUSAL_MS, taken.resetMs)
    } catch (error) {
      failedAt = now()
      account.until = 0
      log.warn('the rate limit counts alone: the store did not answer', { error })
    }
  }

  function verdict(account: Account, allowed: boolean): Verdict {
    const { lease, used } = account
    // A lease counts a little longer than the window; who has permits left need not know.
    const resetMs = allowed ? Math.min(lease.resetMs, windowSeconds * 1000) : lease.resetMs
    return {
      allowed,
      remaining: allowed ? lease.granted - used + Math.max(0, lease.free) : 0,
      resetSeconds: Math.max(1, Math.ceil(resetMs / 1000)),
      degraded: false,
    }
  }

  async function take(caller: string): Promise<Verdict> {
    const account = find(caller)
    for (;;) {
      if (now() < account.until && account.used < account.lease.granted) {
        account.used += 1
        local.count(caller)
        return verdict(account, true)
      }
      if (now() < account.refusedUntil) return verdict(account, false)
      if (now() - failedAt < PAUSE_MS) return local.take(caller)
      account.waiting += 1
      account.asking ??= ask(caller, account).finally(() => {
        account.asking = undefined
      })
      await account.asking
      account.waiting -= 1
    }
  }

  function find(caller: string): Account {
    const known = accounts.get(caller)
    if (known) return known
    if (accounts.size >= MAX_ACCOUNTS) {
      // The oldest entry leaves; permits that it still holds are lost to its caller, never to the limit.
      const oldest = accounts.keys().next()
      if (!oldest.done) accounts.delete(oldest.value)
    }
    const account: Account = {
      lease: { name: '', granted: 0, free: 0, resetMs: 0 },
      used: 0,
      until: 0,
      refusedUntil: 0,
      want: 1,
      waiting: 0,
      asking: undefined,
    }
    accounts.set(caller, account)
    return account
  }

  return {
    take,
    headers({ allowed, remaining, resetSeconds, degraded }) {
      const policy = `"api";q=${limit};w=${windowSeconds}${degraded ? ';degraded' : ''}`
      return [
        ['ratelimit-policy', policy],
        ['ratelimit', `"api";r=${remaining};t=${resetSeconds}`],
        ...(allowed ? [] : [['retry-after', String(resetSeconds)] as [string, string]]),
      ]
    },
  }
}

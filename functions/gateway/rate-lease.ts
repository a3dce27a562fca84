/** Leases of permits, kept in one sorted set for each caller: the script that is the only judge of the limit. */
import type { Kv } from '../../shared/clients/kv.ts'

/** Permits that one instance may hand out without asking again. */
export interface Lease {
  /** Its name in the sorted set; empty when nothing was granted. */
  name: string
  granted: number
  /** What nobody has leased. */
  free: number
  /** Milliseconds until the oldest permits come back. */
  resetMs: number
}

/** What is asked of the store. */
export interface LeaseRequest {
  key: string
  limit: number
  windowMs: number
  leaseMs: number
  want: number
  /** A new unique id. */
  id: string
  /** The last lease, if it was not used up: what is left of it is given back. */
  back?: { name: string; used: number }
}

/**
 * A member `<id>:<permits>` has as score the last moment at which its permits may be used, so it counts until one
 * window after that. Hence no window, wherever it begins, sees more than `limit` uses over all instances together:
 * every lease with a use in the window still counts when the last of them is granted. The time is the store's own.
 */
const SCRIPT = `
local key, limit, window, life, want = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if ARGV[6] ~= '' then
  local score = redis.call('ZSCORE', key, ARGV[6])
  if score then
    redis.call('ZREM', key, ARGV[6])
    if tonumber(ARGV[7]) > 0 then redis.call('ZADD', key, math.min(now, tonumber(score)), ARGV[8]) end
  end
end
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
local leased, reset = 0, window
local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
for i = 1, #members, 2 do
  leased = leased + tonumber(string.match(members[i], ':(%d+)$'))
  if i == 1 then reset = tonumber(members[2]) + window - now end
end
local granted = math.min(want, limit - leased)
if granted > 0 then
  redis.call('ZADD', key, now + life, ARGV[5] .. ':' .. granted)
  leased = leased + granted
  if #members == 0 then reset = window + life end
else
  granted = 0
end
redis.call('PEXPIRE', key, window + life)
return { granted, limit - leased, reset }
`

/** Runs the script; rejects when the store cannot. */
export async function takeLease(kv: Pick<Kv, 'eval'>, request: LeaseRequest): Promise<Lease> {
  const { key, limit, windowMs, leaseMs, want, id, back } = request
  const unused = back ? [back.name, String(back.used), toName(id, back.used, 'r')] : ['', '0', '']
  const answer = await kv.eval<string[], unknown[]>(
    SCRIPT,
    [key],
    [String(limit), String(windowMs), String(leaseMs), String(want), id, ...unused],
  )
  const [granted, free, resetMs] = answer.map(Number)
  if (granted === undefined || free === undefined || resetMs === undefined) {
    throw new TypeError('the rate limit script must answer three numbers')
  }
  return { name: granted > 0 ? toName(id, granted) : '', granted, free, resetMs }
}

const toName = (id: string, permits: number, suffix = ''): string => `${id}${suffix}:${permits}`

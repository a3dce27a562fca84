/** Making an account and logging in: limited before anything costs time, and silent about who exists. */
import type { Sql } from '../../shared/clients/sql.ts'
import type { ClientFacts } from '../../shared/contracts/auth.ts'
import { AppError } from '../../shared/errors.ts'
import type { Passwords } from '../../shared/password.ts'
import { assertPasswordAllowed } from '../../shared/password-policy.ts'
import type { AttemptLimiter } from './attempt-limiter.ts'
import { appendAudit } from './audit.ts'
import { type LiveSession, openSession, type SessionDeps } from './sessions.ts'
import { type Account, findByEmail, insertUser, replaceHash } from './users.ts'

/** What logging in works with. */
export interface LoginDeps extends SessionDeps {
  passwords: Passwords
  limiter: AttemptLimiter
  /** A keyed hash, so that neither the store nor the audit record shows e-mail addresses. */
  pseudonym: (text: string) => string
  limits: SessionDeps['limits'] & { loginAttempts: number; registerAttempts: number }
}

/** A session that was just opened. */
export interface LoggedIn {
  session: LiveSession
  account: Account
}

/**
 * Proves e-mail and password. An unknown e-mail costs the same work as a known one and answers the same.
 * @throws {@link AppError} `rate_limited`, `unauthenticated`, or `dependency_unavailable` under overload
 */
export async function logIn(
  deps: LoginDeps,
  { email, password, ...facts }: { email: string; password: string } & ClientFacts,
): Promise<LoggedIn> {
  const { sql, limiter, passwords, pseudonym, limits } = deps
  const who = pseudonym(email)
  const ipPrefix = facts.ip_prefix ?? ''
  const byAccount = { key: `rl:login:acct:${who}`, max: limits.loginAttempts }
  const byNetwork = { key: `rl:login:ip:${pseudonym(ipPrefix)}`, max: limits.loginAttempts }
  const attempt = await limiter.admit([byAccount, byNetwork])

  const account = await findByEmail(sql, email)
  const { matches, outdated } = await passwords.verify(account?.password_phc, password)
  const session =
    account && matches && account.status === 'active'
      ? await openSession(deps, account, facts)
      : undefined
  if (!account || !session) {
    await appendAudit(sql, {
      actor: 'anonymous',
      action: 'login.fail',
      target: account?.id ?? who,
      outcome: 'denied',
      ipPrefix,
      details: { reason: !account ? 'unknown' : matches ? 'disabled' : 'password' },
    })
    throw new AppError('unauthenticated', 'the e-mail or the password is wrong')
  }
  // A success frees the account. Of the network's log it takes only itself: guesses before it go on counting.
  await Promise.all([attempt.clear(byAccount.key), attempt.forget(byNetwork.key)])
  if (outdated) await rehash(sql, passwords, account, password)
  return { session, account }
}

/**
 * Makes an account and logs it in. As the answer holds tokens, a known e-mail cannot get the same one: it gets
 * `conflict` after the same work, and how often one network may ask is limited.
 * @throws {@link AppError} `rate_limited`, `validation_failed` or `conflict`
 */
export async function register(
  deps: LoginDeps,
  {
    email,
    password,
    name,
    ...facts
  }: { email: string; password: string; name: string } & ClientFacts,
): Promise<LoggedIn> {
  const { sql, limiter, passwords, pseudonym, limits } = deps
  const ipPrefix = facts.ip_prefix ?? ''
  assertPasswordAllowed(password, { email, name })
  const key = `rl:register:ip:${pseudonym(ipPrefix)}`
  await limiter.admit([{ key, max: limits.registerAttempts }])
  const phc = await passwords.hash(password)
  const account = await insertUser(sql, { email, name, phc })
  const target = account?.id ?? pseudonym(email)
  const action = account ? 'user.created' : 'register.conflict'
  const outcome = account ? 'ok' : 'denied'
  await appendAudit(sql, { actor: 'anonymous', action, target, outcome, ipPrefix })
  if (!account) {
    throw new AppError('conflict', 'no account can be made with this e-mail, log in instead')
  }
  const session = await openSession(deps, account, facts)
  if (!session) throw new AppError('conflict', 'the account changed meanwhile, log in instead')
  return { session, account }
}

async function rehash(
  sql: Sql,
  passwords: Passwords,
  account: Account,
  password: string,
): Promise<void> {
  const replaced = await replaceHash(sql, account, await passwords.hash(password))
  if (!replaced) return
  await appendAudit(sql, { actor: account.id, action: 'password.rehashed', target: account.id })
}

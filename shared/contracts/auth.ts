/** The contract of `auth`: accounts, sessions and the tokens that prove them. */
import * as z from 'zod/mini'
import type { Contract, Operation } from '../contract.ts'

/** A person's account. Times are RFC 3339. */
export interface User {
  id: string
  email: string
  name: string
  roles: string[]
  created_at: string
}

/** What a login or refresh gives. */
export interface Tokens {
  token_type: 'Bearer'
  access_token: string
  /** Seconds until `access_token` expires. */
  expires_in: number
  expires_at: string
  /** When a client should refresh: before `expires_at`, spread over time. */
  refresh_at: string
  refresh_token: string
  user: User
}

/** A session of the calling user; never its token. */
export interface Session {
  id: string
  current: boolean
  user_agent: string
  ip_prefix: string
  created_at: string
  last_seen_at: string
}

/** Facts about the client that the gateway passes on with a login. */
export interface ClientFacts {
  user_agent?: string | undefined
  ip_prefix?: string | undefined
}

/** Brought into one form before it is judged: full-width, upper-case and padded spellings are one account. */
const email = () =>
  z
    .string()
    .check(
      z.trim(),
      z.normalize('NFKC'),
      z.toLowerCase(),
      z.minLength(3),
      z.maxLength(254),
      z.regex(/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u),
    )
/** 8 to 128 characters and no rule about which (ASVS 5.0 6.2). */
const password = () => z.string().check(z.minLength(8), z.maxLength(128))

const user = () =>
  z.object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    roles: z.array(z.string()),
    created_at: z.string(),
  })

const tokens = () =>
  z.object({
    token_type: z.literal('Bearer'),
    access_token: z.string(),
    expires_in: z.number(),
    expires_at: z.string(),
    refresh_at: z.string(),
    refresh_token: z.string(),
    user: user(),
  })

const facts = () => ({
  user_agent: z.optional(z.string().check(z.maxLength(400))),
  ip_prefix: z.optional(z.string().check(z.maxLength(60))),
})

/** Makes an account with the role `user`. */
export const register: Operation<
  { email: string; password: string; name: string } & ClientFacts,
  Tokens
> = {
  service: 'auth',
  name: 'register',
  method: 'POST',
  path: '/api/v1/auth/register',
  summary: 'make an account',
  permission: 'public',
  callers: ['gateway'],
  status: 201,
  input: () =>
    z.strictObject({
      email: email(),
      password: password(),
      name: z._default(z.string().check(z.maxLength(100), z.regex(/^\P{Cc}*$/u)), ''),
      ...facts(),
    }),
  output: tokens,
}

/** Opens a session with e-mail and password. */
export const login: Operation<{ email: string; password: string } & ClientFacts, Tokens> = {
  service: 'auth',
  name: 'login',
  method: 'POST',
  path: '/api/v1/auth/jwt/login',
  summary: 'log in with e-mail and password',
  permission: 'public',
  callers: ['gateway'],
  input: () =>
    z.strictObject({
      email: email(),
      password: z.string().check(z.minLength(1), z.maxLength(1024)),
      ...facts(),
    }),
  output: tokens,
}

/** Trades a refresh token for the next one and a new access token. */
export const refresh: Operation<{ refresh_token: string }, Tokens> = {
  service: 'auth',
  name: 'refresh',
  method: 'POST',
  path: '/api/v1/auth/refresh',
  summary: 'renew the session',
  permission: 'public',
  callers: ['gateway'],
  input: () =>
    z.strictObject({ refresh_token: z.string().check(z.minLength(20), z.maxLength(400)) }),
  output: tokens,
}

/** Ends this session, all others, or all. */
export const logout: Operation<{ scope: 'local' | 'others' | 'global' }, { revoked: number }> = {
  service: 'auth',
  name: 'logout',
  method: 'POST',
  path: '/api/v1/auth/logout',
  summary: 'end sessions',
  permission: 'self:session',
  callers: ['gateway'],
  input: () =>
    z.strictObject({ scope: z._default(z.enum(['local', 'others', 'global']), 'local') }),
  output: () => z.object({ revoked: z.number() }),
}

/** The calling user's account and permissions. */
export const me: Operation<Record<string, never>, User & { permissions: string[] }> = {
  service: 'auth',
  name: 'me',
  method: 'GET',
  path: '/api/v1/auth/me',
  summary: 'who am I',
  permission: 'self:account',
  callers: ['gateway'],
  input: () => z.strictObject({}),
  output: () => z.object({ ...user().shape, permissions: z.array(z.string()) }),
}

/** The calling user's sessions. */
export const listSessions: Operation<Record<string, never>, { sessions: Session[] }> = {
  service: 'auth',
  name: 'sessions',
  method: 'GET',
  path: '/api/v1/auth/sessions',
  summary: 'list my sessions',
  permission: 'self:session',
  callers: ['gateway'],
  input: () => z.strictObject({}),
  output: () =>
    z.object({
      sessions: z.array(
        z.object({
          id: z.string(),
          current: z.boolean(),
          user_agent: z.string(),
          ip_prefix: z.string(),
          created_at: z.string(),
          last_seen_at: z.string(),
        }),
      ),
    }),
}

/** Public keys of access tokens (RFC 7517); empty in the HS256 profile, whose keys are secret. */
export const jwks: Operation<Record<string, never>, { keys: Record<string, unknown>[] }> = {
  service: 'auth',
  name: 'jwks',
  method: 'GET',
  path: '/.well-known/jwks.json',
  summary: 'public keys of access tokens',
  permission: 'public',
  callers: ['gateway'],
  input: () => z.object({}),
  output: () => z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
}

/** Writes the revocation feed of the gateways again, when the key-value store has lost it or never had it. */
export const syncRevocations: Operation<Record<string, never>, { whole: boolean }> = {
  service: 'auth',
  name: 'revocations-sync',
  method: 'POST',
  path: '/internal/revocations/sync',
  summary: 'write the revocation feed again',
  permission: 'internal:revocations',
  callers: ['gateway'],
  internal: true,
  input: () => z.strictObject({}),
  output: () => z.object({ whole: z.boolean() }),
}

/** Everything that `auth` offers. */
export const authContract: Contract = {
  service: 'auth',
  operations: [register, login, refresh, logout, me, listSessions, jwks, syncRevocations],
  events: [],
}

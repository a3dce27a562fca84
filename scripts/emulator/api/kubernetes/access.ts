/** Who may use the API: whoever shows the token that the state folder keeps. */
import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isOwnHost, isOwnOrigin } from '../../own-host.ts'

/** Where the API stands on the emulator's own address; the gateway has the paths below `/api`. */
export const PREFIX = '/_kubernetes'

/** A request that is meant for the API. */
export interface Asked {
  /** The path as on a cluster, with the query. */
  readonly target: string
  readonly isAllowed: boolean
}

const CLUSTER_HOST = /^kubernetes\.default(\.svc(\.cluster\.local)?)?(:\d+)?$/i

/**
 * Takes the request's path apart; undefined when it is for somebody else. The token is a bearer token, or the first
 * step of the path: kubectl and kn send no bearer token over plain HTTP (client-go `clientcmd`), but keep a path.
 */
export function readAccess(
  host: string,
  request: IncomingMessage,
  token: string,
): Asked | undefined {
  const url = request.url ?? '/'
  const isOwnPage = isOwnOrigin(request.headers.origin)
  const isAllowed = isOwnPage && isBearer(request, token)
  if (CLUSTER_HOST.test(host)) return { target: url, isAllowed }
  if (!isOwnHost(host) || !isBelow(url)) return undefined
  const target = toRooted(url.slice(PREFIX.length))
  const step = /^\/~([^/?]*)/.exec(target)?.[1]
  if (step === undefined) return { target, isAllowed }
  return {
    target: toRooted(target.slice(step.length + 2)),
    isAllowed: isOwnPage && isSame(step, token),
  }
}

/** The address that clients are given: it alone lets in. */
export const toServer = (url: string, token: string): string => `${url}${PREFIX}/~${token}`

const isBelow = (url: string): boolean => /^\/_kubernetes(?:[/?]|$)/.test(url)

const toRooted = (path: string): string => (path.startsWith('/') ? path : `/${path}`)

/** Whether a request carries the token in its `Authorization`. */
export function isBearer(request: IncomingMessage, token: string): boolean {
  return isSame(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1], token)
}

function isSame(given: string | undefined, token: string): boolean {
  if (given === undefined) return false
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}

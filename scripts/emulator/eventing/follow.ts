/** Redirects as Go's HTTP client follows them: 301, 302 and 303 turn into a GET without body, 307 and 308 do not. */

import type { NetworkRequest, NetworkResponse, Send } from '../network.ts'

/** Sends, and follows `Location` up to ten times; the last answer counts. */
export async function follow(send: Send, first: NetworkRequest): Promise<NetworkResponse> {
  let request = first
  for (let redirects = 0; ; redirects += 1) {
    const answer = await send(request)
    const location = answer.headers.location
    if (!REDIRECTS.has(answer.status) || location === undefined) return answer
    if (!URL.canParse(location, request.url)) {
      throw new Error(`answered ${answer.status} with a Location that is no URL`)
    }
    if (redirects === MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`)
    request = redirected(request, answer.status, new URL(location, request.url))
  }
}

const REDIRECTS = new Set([301, 302, 303, 307, 308])
const MAX_REDIRECTS = 10

function redirected(request: NetworkRequest, status: number, url: URL): NetworkRequest {
  const sameHost = new URL(request.url).host === url.host
  const headers = sameHost ? request.headers : withoutSecrets(request.headers)
  if (status >= 307) return { ...request, url: url.href, headers }
  const { body: _, ...rest } = request
  return { ...rest, url: url.href, method: 'GET', headers }
}

/** What `shouldCopyHeaderOnRedirect` keeps from another host. */
const withoutSecrets = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !SECRETS.has(name.toLowerCase())))

const SECRETS = new Set(['authorization', 'www-authenticate', 'cookie', 'cookie2'])

/** `Request` without undici, as much of it as Hono and the HTTP adapter use. */
import { Body, type BodySource } from './body.ts'
import { Headers } from './headers.ts'

/** The members of `RequestInit` that mean something here. */
export interface LightRequestInit {
  method?: string
  headers?: ConstructorParameters<typeof Headers>[0]
  body?: BodySource
  signal?: AbortSignal | null
  duplex?: 'half'
}

/** Fetch Standard 5.4 `Request` for a server: URL, method, headers, body and abort signal. */
export class Request extends Body {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly signal: AbortSignal

  constructor(input: string | URL | Request, init: LightRequestInit = {}) {
    const from = typeof input === 'object' && 'headers' in input ? input : undefined
    super('body' in init ? init.body : from?.copySource())
    this.url = from ? from.url : new URL(String(input)).href
    this.method = init.method ?? from?.method ?? 'GET'
    this.headers = new Headers(init.headers ?? from?.headers)
    this.signal = init.signal ?? from?.signal ?? new AbortController().signal
  }

  clone(): Request {
    return new Request(this)
  }
}

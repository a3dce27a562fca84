/** `Response` without undici, as much of it as Hono, the HTTP adapter and our clients use. */
import { Body, type BodySource } from './body.ts'
import { Headers } from './headers.ts'

/** The members of `ResponseInit`, and the URL that a fetched response came from. */
export interface LightResponseInit {
  status?: number
  statusText?: string
  headers?: ConstructorParameters<typeof Headers>[0]
  url?: string
}

/** Fetch Standard 5.5 `Response`. */
export class Response extends Body {
  readonly status: number
  readonly statusText: string
  readonly headers: Headers
  readonly url: string
  readonly redirected = false
  readonly type = 'default'

  constructor(body?: BodySource, init: LightResponseInit = {}) {
    super(body)
    this.status = init.status ?? 200
    if (!Number.isInteger(this.status) || this.status < 200 || this.status > 599) {
      throw new RangeError(`"status" must be an integer from 200 to 599, got ${this.status}`)
    }
    this.statusText = init.statusText ?? ''
    this.headers = new Headers(init.headers)
    this.url = init.url ?? ''
    if (typeof body === 'string' && !this.headers.has('content-type')) {
      this.headers.set('content-type', 'text/plain;charset=UTF-8')
    }
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  clone(): Response {
    return new Response(this.copySource(), this)
  }

  static json(data: unknown, init: LightResponseInit = {}): Response {
    const headers = new Headers(init.headers)
    if (!headers.has('content-type')) headers.set('content-type', 'application/json')
    return new Response(JSON.stringify(data), { ...init, headers })
  }

  static redirect(url: string | URL, status = 302): Response {
    return new Response(null, { status, headers: { location: String(url) } })
  }
}

/** `Headers` without undici: the platform's own costs a cold start 30 ms; `test/shared/web` holds both to one suite. */

const NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/
const FORBIDDEN_VALUE = /[\0\r\n]/

type HeadersSource =
  | Headers
  | Iterable<readonly [string, string]>
  | Record<string, string | readonly string[] | undefined>

/** Fetch Standard 2.2 `Headers`; names are case-insensitive, iteration is sorted, cookies stay apart. */
export class Headers {
  readonly #values = new Map<string, string>()
  #cookies: string[] = []

  constructor(source?: HeadersSource | null) {
    if (source == null) return
    const pairs = Symbol.iterator in source ? source : Object.entries(source)
    for (const pair of pairs as Iterable<readonly [string, unknown]>) {
      const [name, value] = pair
      if (value === undefined) continue
      if (Array.isArray(value)) for (const item of value) this.append(name, String(item))
      else this.append(name, String(value))
    }
  }

  append(name: string, value: string): void {
    const key = toKey(name)
    const text = toValue(name, value)
    if (key === 'set-cookie') this.#cookies.push(text)
    else {
      const old = this.#values.get(key)
      this.#values.set(key, old === undefined ? text : `${old}, ${text}`)
    }
  }

  set(name: string, value: string): void {
    const key = toKey(name)
    const text = toValue(name, value)
    if (key === 'set-cookie') this.#cookies = [text]
    else this.#values.set(key, text)
  }

  get(name: string): string | null {
    const key = toKey(name)
    if (key === 'set-cookie') return this.#cookies.length === 0 ? null : this.#cookies.join(', ')
    return this.#values.get(key) ?? null
  }

  has(name: string): boolean {
    const key = toKey(name)
    return key === 'set-cookie' ? this.#cookies.length > 0 : this.#values.has(key)
  }

  delete(name: string): void {
    const key = toKey(name)
    if (key === 'set-cookie') this.#cookies = []
    else this.#values.delete(key)
  }

  getSetCookie(): string[] {
    return [...this.#cookies]
  }

  forEach(visit: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this) visit(value, name, this)
  }

  *entries(): IterableIterator<[string, string]> {
    const names = [...this.#values.keys()]
    if (this.#cookies.length > 0) names.push('set-cookie')
    for (const name of names.sort()) {
      if (name === 'set-cookie') for (const cookie of this.#cookies) yield [name, cookie]
      else yield [name, this.#values.get(name) ?? '']
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries()
  }
}

function toKey(name: string): string {
  if (!NAME.test(name))
    throw new TypeError(`"name" must be a header name, got ${JSON.stringify(name)}`)
  return name.toLowerCase()
}

function toValue(name: string, value: unknown): string {
  const text = String(value).trim()
  if (FORBIDDEN_VALUE.test(text)) throw new TypeError(`"${name}" must not contain NUL, CR or LF`)
  return text
}

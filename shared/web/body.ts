/** What `Request` and `Response` share: one body, read once, without loading the platform's stream classes. */
import type { Readable } from 'node:stream'

/** Everything that our code and the libraries we bundle pass as a body. */
export type BodySource =
  | string
  | Uint8Array
  | ArrayBuffer
  | URLSearchParams
  | AsyncIterable<Uint8Array>
  | ReadableStream<Uint8Array>
  | Readable
  | null
  | undefined

/** The part of `ReadableStream` that readers of a body use. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  readonly locked: boolean
  getReader(): ByteReader
  cancel(reason?: unknown): Promise<void>
}

/** The part of `ReadableStreamDefaultReader` that readers of a body use. */
export interface ByteReader {
  readonly closed: Promise<void>
  read(): Promise<{ done: boolean; value: Uint8Array | undefined }>
  cancel(reason?: unknown): Promise<void>
  releaseLock(): void
}

/** Fetch Standard 5.3 `Body`: buffered sources answer at once, streams are read on demand. */
export class Body {
  readonly #source: BodySource
  #stream: ByteStream | ReadableStream<Uint8Array> | undefined
  #used = false

  constructor(source: BodySource) {
    this.#source = source
  }

  get bodyUsed(): boolean {
    return this.#used || (this.#stream?.locked ?? false)
  }

  get body(): ByteStream | ReadableStream<Uint8Array> | null {
    if (this.#source == null) return null
    this.#stream ??= isWebStream(this.#source)
      ? this.#source
      : createByteStream(toChunks(this.#source))
    return this.#stream
  }

  async bytes(): Promise<Uint8Array> {
    if (this.bodyUsed) throw new TypeError('body is unusable: it has been read')
    this.#used = this.#source != null
    const whole = this.#stream === undefined ? toBytes(this.#source) : undefined
    return whole ?? concat(readAll(this.body))
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes()
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  }

  async text(): Promise<string> {
    if (typeof this.#source === 'string' && !this.bodyUsed) {
      this.#used = true
      return this.#source
    }
    return new TextDecoder().decode(await this.bytes())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.arrayBuffer()])
  }

  /** Multipart is not spoken by any of our functions. */
  async formData(): Promise<never> {
    throw new TypeError('form data is not supported: read bytes() instead')
  }

  /** The source for a copy; only a buffered body can be copied. */
  protected copySource(): BodySource {
    if (this.bodyUsed) throw new TypeError('body is unusable: it has been read')
    if (this.#source != null && toBytes(this.#source) === undefined) {
      throw new TypeError('a streamed body cannot be cloned: read it into bytes first')
    }
    return this.#source
  }
}

/** A `ByteStream` over any source of chunks. Whoever stops early ends the source, and with it its socket. */
export function createByteStream(source: AsyncIterable<Uint8Array>): ByteStream {
  const iterator = source[Symbol.asyncIterator]()
  let locked = false
  let ended = false
  let settle: () => void = () => {}
  let fail: (reason: unknown) => void = () => {}
  const closed = new Promise<void>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  closed.catch(() => {})

  async function read(): Promise<{ done: boolean; value: Uint8Array | undefined }> {
    try {
      const { done, value } = await iterator.next()
      if (!done) return { done: false, value }
    } catch (error) {
      // A read that waited while the stream was cancelled has reached its end.
      if (!ended) {
        ended = true
        fail(error)
        throw error
      }
    }
    ended = true
    settle()
    return { done: true, value: undefined }
  }

  async function cancel(): Promise<void> {
    if (ended) return
    ended = true
    settle()
    // The iterator of a Node stream does not end one that nobody has begun to read, nor while a read waits.
    if (isDestroyable(source)) source.destroy()
    await iterator.return?.()
  }

  return {
    get locked() {
      return locked
    },
    getReader() {
      if (locked) throw new TypeError('stream is locked: it has a reader')
      locked = true
      return {
        closed,
        read,
        cancel,
        releaseLock() {
          locked = false
        },
      }
    },
    cancel,
    async *[Symbol.asyncIterator]() {
      locked = true
      try {
        for (let next = await read(); next.value; next = await read()) yield next.value
      } finally {
        locked = false
        await cancel()
      }
    },
  }
}

const isWebStream = (source: object | string): source is ReadableStream<Uint8Array> =>
  typeof source === 'object' && 'getReader' in source

const isDestroyable = (source: object): source is { destroy(): void } => 'destroy' in source

function toBytes(source: BodySource): Uint8Array | undefined {
  if (source == null) return new Uint8Array()
  if (typeof source === 'string') return new TextEncoder().encode(source)
  if (source instanceof Uint8Array) return source
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  if (source instanceof URLSearchParams) return new TextEncoder().encode(String(source))
  return undefined
}

function toChunks(source: NonNullable<BodySource>): AsyncIterable<Uint8Array> {
  const whole = toBytes(source)
  return whole === undefined ? (source as AsyncIterable<Uint8Array>) : once(whole)
}

async function* once(whole: Uint8Array): AsyncIterable<Uint8Array> {
  if (whole.length > 0) yield whole
}

async function* readAll(
  stream: ByteStream | ReadableStream<Uint8Array> | null,
): AsyncIterable<Uint8Array> {
  if (stream) yield* stream as AsyncIterable<Uint8Array>
}

async function concat(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}

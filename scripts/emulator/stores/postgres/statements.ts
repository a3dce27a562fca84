/** Prepared statements of many clients in one backend: each gets its own names, and what the backend lost is prepared again. */
import { message, readString, TYPE } from './wire.ts'

/** What the backend holds now, over all clients. */
export interface BackendStatements {
  live: Set<string>
  /** The client whose unnamed statement stands in the backend. */
  unnamedOwner: number | undefined
}

/** How one message of a client goes on to the backend. */
export interface Translation {
  /** Messages that must run unseen before it. */
  before: Buffer[]
  /** The message as the backend must see it. */
  translated: Buffer
  /** The statement that it runs, when that is known here. */
  statement?: Buffer | undefined
}

/** One client's statements. */
export interface ClientStatements {
  translate(original: Buffer): Translation
  /** Messages that remove everything this client prepared. */
  dispose(): Buffer[]
}

/** Makes the statement table of client `id`. */
export function createClientStatements(id: number, backend: BackendStatements): ClientStatements {
  const prepared = new Map<string, Buffer>()
  const backendName = (name: string): string => (name === '' ? '' : `${id}:${name}`)

  function parse(original: Buffer): Buffer {
    const { text: name, next } = readString(original, 5)
    const translated = message(TYPE.parse, `${backendName(name)}\0`, original.subarray(next))
    prepared.set(name, translated)
    if (name === '') backend.unnamedOwner = id
    else backend.live.add(backendName(name))
    return translated
  }

  function missing(name: string): Buffer[] {
    const source = prepared.get(name)
    if (!source) return []
    const present = name === '' ? backend.unnamedOwner === id : backend.live.has(backendName(name))
    if (present) return []
    if (name === '') backend.unnamedOwner = id
    else backend.live.add(backendName(name))
    return [source]
  }

  function bind(original: Buffer): Translation {
    const portal = readString(original, 5)
    const statement = readString(original, portal.next)
    const name = `${portal.text}\0${backendName(statement.text)}\0`
    return {
      before: missing(statement.text),
      translated: message(TYPE.bind, name, original.subarray(statement.next)),
      statement: prepared.get(statement.text),
    }
  }

  function target(original: Buffer): Translation {
    const type = original[0] ?? 0
    if (original[5] !== STATEMENT) return { before: [], translated: original }
    const { text: name } = readString(original, 6)
    const before = type === TYPE.describe ? missing(name) : []
    if (type === TYPE.close) {
      prepared.delete(name)
      backend.live.delete(backendName(name))
    }
    return { before, translated: message(type, `S${backendName(name)}\0`) }
  }

  return {
    translate(original) {
      switch (original[0]) {
        case TYPE.parse:
          return { before: [], translated: parse(original) }
        case TYPE.bind:
          return bind(original)
        case TYPE.describe:
        case TYPE.close:
          return target(original)
        case TYPE.query:
          // A simple query destroys the unnamed statement (PostgreSQL 18, 54.2.3).
          backend.unnamedOwner = undefined
          prepared.delete('')
          return { before: [], translated: original, statement: original }
        default:
          return { before: [], translated: original }
      }
    },
    dispose() {
      const names = [...prepared.keys()].filter(name => name !== '').map(backendName)
      prepared.clear()
      for (const name of names) backend.live.delete(name)
      return names.map(name => message(TYPE.close, `S${name}\0`))
    },
  }
}

const STATEMENT = 'S'.charCodeAt(0)

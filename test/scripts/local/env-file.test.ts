import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readEnv, writeEnv } from '../../../scripts/local/env-file.ts'
import { toOverrides } from '../../../scripts/local/open-stores.ts'
import { temporaryDirectory } from '../../fixtures/started.ts'

const env = {
  PLAIN: 'http://127.0.0.1:8080',
  QUERY: 'postgres://u:p@h/db?sslmode=require&x=y',
  HASH: 'a#b c',
  QUOTE: "it's $HOME",
}

test('every value survives the file, read by us and by a shell', () => {
  const folder = temporaryDirectory()
  const file = join(folder.path, 'env')
  writeEnv(file, env)
  expect(readEnv(file)).toEqual(env)
  const script = `set -a; . "${file}"; printf '%s\\n' "$PLAIN" "$QUERY" "$HASH" "$QUOTE"`
  expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\n')).toEqual([
    ...Object.values(env),
    '',
  ])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  folder.remove()
})

test('a shell that read our own file does not turn the embedded stores into outside ones', () => {
  const ports = { sql: 5001, kv: 5002 }
  const environment = {
    DATABASE_URL: 'postgres://aiwfe:x@127.0.0.1:5001/aiwfe',
    UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:5002',
    UPSTASH_REDIS_REST_TOKEN: 'token',
    QDRANT_URL: 'http://127.0.0.1:6333',
    QDRANT_API_KEY: 'key',
  }
  expect(toOverrides(environment, ports)).toEqual({
    QDRANT_URL: 'http://127.0.0.1:6333',
    QDRANT_API_KEY: 'key',
  })
})

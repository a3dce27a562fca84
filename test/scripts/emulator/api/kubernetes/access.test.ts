/** Who gets in. */
import { request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { createApiBench, SERVICES, TOKEN } from './fixture.ts'

test('nobody gets in without the token, by another name, or from a page of another site', async () => {
  const { port } = await createApiBench()
  const path = `/_kubernetes${SERVICES}`
  const ask = (target: string, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path: target, headers, agent: false }, response => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
  const authorization = `Bearer ${TOKEN}`
  const own = `127.0.0.1:${port}`
  const cluster = 'kubernetes.default.svc'
  expect(await ask(path, { host: own, authorization })).toBe(200)
  expect(await ask(`/_kubernetes/~${TOKEN}${SERVICES}`, { host: own })).toBe(200)
  expect(await ask(SERVICES, { host: cluster, authorization })).toBe(200)
  expect(await ask(path, { host: own })).toBe(401)
  expect(await ask(path, { host: own, authorization: 'Bearer another' })).toBe(401)
  expect(await ask(path, { host: own, authorization: 'Bearer a-tokem' })).toBe(401)
  expect(await ask(`/_kubernetes/~another${SERVICES}`, { host: own, authorization })).toBe(401)
  expect(await ask('/_kubernetes/version', { host: own })).toBe(401)
  expect(await ask(SERVICES, { host: cluster })).toBe(401)
  expect(await ask(path, { host: own, authorization, origin: 'https://other.example' })).toBe(401)
  expect(await ask(path, { host: own, authorization, origin: 'http://localhost:3000' })).toBe(200)
  expect(await ask(path, { host: `rebound.example:${port}`, authorization })).toBe(418)
  expect(await ask('/_kubernetesx', { host: own, authorization })).toBe(418)
})

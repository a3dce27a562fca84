import { expect, test } from 'vitest'
import { createLog } from '../../shared/log.ts'

function logOf(format: 'json' | 'line'): { log: ReturnType<typeof createLog>; lines: string[] } {
  const lines: string[] = []
  return { lines, log: createLog({ service: 's', format, write: line => void lines.push(line) }) }
}

test('masks secrets, also inside objects and lists', () => {
  const { log, lines } = logOf('json')
  log.info('m', {
    password: 'hunter2',
    headers: { authorization: 'hunter2', accept: 'text' },
    calls: [{ api_key: 'hunter2', n: 1 }],
    deep: { request: { cookie: 'hunter2' } },
    at: new Date(0),
    nothing: null,
  })
  expect(lines.join()).not.toContain('hunter2')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    password: '***',
    headers: { authorization: '***', accept: 'text' },
    calls: [{ api_key: '***', n: 1 }],
    at: '1970-01-01T00:00:00.000Z',
    nothing: null,
  })
})

test('a message cannot forge a line at a terminal', () => {
  const { log, lines } = logOf('line')
  log.info('GET /a\n\u001b[2Jerror stolen', { path: '/b\r\nx' })
  expect(lines).toEqual(['GET /a ⏎ [2Jerror stolen path=/b ⏎ x'])
})

// Every function of the soak: what it does is in its Service's name. It writes a receipt before it answers, so that an
// answer without a receipt cannot be; the file outlives the process, whatever ends it.
import { randomUUID } from 'node:crypto'
import { mkdirSync, openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const { K_SERVICE: role, SOAK_LEDGER: ledger, PORT: port } = process.env
mkdirSync(ledger, { recursive: true })
const receipts = openSync(join(ledger, `${role}-${process.pid}-${randomUUID()}.receipts`), 'a')

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

const keep = event => {
  writeSync(receipts, `${JSON.stringify({ to: role, ...event })}\n`)
}

const ROLES = {
  recorder: keep,
  answers: keep,
  graveyard: keep,
  // Fails now and then, before it keeps anything.
  flaky(event, response) {
    if (Math.random() < 0.3) return response.writeHead(503).end('not now')
    keep(event)
  },
  // Never answers now and then; the broker's timeout ends it.
  hanging(event) {
    if (Math.random() < 0.2) return new Promise(() => {})
    keep(event)
  },
  async slow(event) {
    await sleep(50 + Math.random() * 300)
    keep(event)
  },
  // Answers with what no retry can mend.
  refuser: (_event, response) => void response.writeHead(400).end('never'),
  replier(event, response) {
    keep(event)
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-id': `${event.id}:answer`,
        'ce-source': '/soak/replier',
        'ce-type': 'soak.answer',
      })
      .end(JSON.stringify(toData(`${event.id}:answer`)))
  },
}

const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  if (request.headers['ce-id'] === undefined) {
    const url = new URL(request.url, 'http://function')
    await sleep(Number(url.searchParams.get('ms') ?? 0))
    return response.end(`${url.searchParams.get('nonce')}:${body}`)
  }
  const id = request.headers['ce-id']
  const dead = request.headers['ce-knativeerrordest']
  const event = { id, intact: body === JSON.stringify(toData(id)), ...(dead && { dead }) }
  await ROLES[role]?.(event, response)
  if (!response.headersSent) response.writeHead(202).end()
})
// A producer that is killed in the middle of its body is no reason to end.
process.on('unhandledRejection', () => {})
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => server.close(() => process.exit()))

// As `toData` of events.ts: every receiver can tell whether the body is the one that was sent.
function toData(id) {
  return { id, text: id.repeat(4) }
}

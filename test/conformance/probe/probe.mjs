// The function that the conformance rules look through: it tells what it sees and does what it is asked.
// Plain Node without dependencies, so that an image of it is `FROM node` plus this file.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import { createServer as createH2Server } from 'node:http2'
import { threadId } from 'node:worker_threads'

const { env } = process
const instance = `${process.pid}-${threadId}-${Math.random().toString(36).slice(2)}`
const held = new Map()
const scripts = new Map()
const received = new Map()
let running = 0
let most = 0
let served = 0
let stdin = 'open'
process.stdin.on('end', () => (stdin = 'eof'))
process.stdin.on('error', error => (stdin = error.code))
process.stdin.resume()

const ROUTES = {
  report: (call, rest) => json(call, { ...report(call), rest }),
  hold: (call, [key]) => held.set(key, () => json(call, report(call))),
  release: (call, [key]) => {
    held.get(key)?.()
    json(call, { released: held.delete(key) })
  },
  wait: (call, [ms]) => setTimeout(() => json(call, report(call)), Number(ms)),
  status: (call, [code]) => call.response.writeHead(Number(code)).end(),
  log: (call, [text]) => {
    process.stdout.write(`stdout says ${text}\n`)
    process.stderr.write(`stderr says ${text}\n`)
    json(call, {})
  },
  read: async call => json(call, { text: await readFile(parameter(call, 'path'), 'utf8') }),
  write: async call => {
    const path = parameter(call, 'path')
    await writeFile(path, call.body)
    const text = await readFile(path, 'utf8')
    await rm(path)
    json(call, { text })
  },
  send: async call => json(call, await send(JSON.parse(call.body))),
  script: (call, [key]) => {
    scripts.set(key, JSON.parse(call.body))
    json(call, {})
  },
  received: (call, [key]) => json(call, received.get(key) ?? []),
  sink,
}

const options = { noDelay: true }
const server = env.PROBE_H2C ? createH2Server(options, serve) : createServer(options, serve)
if (env.PROBE_EXIT) {
  process.stderr.write('the probe gives up\n')
  process.exit(Number(env.PROBE_EXIT))
} else setTimeout(start, Number(env.PROBE_START_MS ?? 0))

process.on('SIGTERM', async () => {
  await tell('SIGTERM')
  if (env.PROBE_STUBBORN) setInterval(() => tell('alive'), 100)
  else server.close(() => process.exit(0)).closeIdleConnections?.()
})

async function start() {
  await tell('started')
  if (env.PROBE_DEAF) setInterval(() => {}, 60_000)
  else server.listen(Number(env.PORT), env.LISTEN_ADDRESS)
}

async function serve(request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const call = { request, response, body: Buffer.concat(chunks).toString() }
  running++
  served++
  most = Math.max(most, running)
  response.once('close', () => running--)
  const [, name, ...rest] = new URL(request.url, 'http://probe').pathname.split('/')
  try {
    await (ROUTES[name] ?? ROUTES.report)(call, rest.map(decodeURIComponent))
  } catch (error) {
    response.statusCode = 500
    json(call, { error: error.message })
  }
}

function report({ request, body }) {
  const { method, url, httpVersion, headers, rawHeaders, socket } = request
  const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() }
  return {
    ...{ instance, env, argv: process.argv.slice(2), cwd: process.cwd(), uid, gid, stdin },
    ...{ tty: Boolean(process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY) },
    ...{ method, url, httpVersion, headers, rawHeaders, body, port: socket.localPort },
    ...{ running, most, served },
  }
}

// Remembers the request and answers as its script says: one answer for each request, the last for all that follow.
function sink({ request, response, body }, [key]) {
  const list = received.get(key) ?? []
  const { method, url, headers, rawHeaders } = request
  list.push({ method, url, headers, rawHeaders, body, at: Date.now() })
  received.set(key, list)
  const answers = scripts.get(key) ?? []
  const answer = answers[Math.min(list.length, answers.length) - 1] ?? {}
  const { status = 200, headers: own = {}, body: text = '', delayMs = 0 } = answer
  const names = Object.entries(headers).filter(([name]) => name.startsWith('ce-'))
  const echo = answer.echo ? Object.fromEntries(names) : {}
  const end = () => response.writeHead(status, { ...echo, ...own }).end(text)
  if (delayMs > 0) setTimeout(end, delayMs)
  else if (delayMs === 0) end()
}

// From where the probe stands, so cluster names resolve; the status line, all headers and the text come back.
function send({ url, method = 'GET', headers = {}, body = '', timeoutMs = 30_000 }) {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers, timeout: timeoutMs }, async answer => {
      const chunks = []
      for await (const chunk of answer) chunks.push(chunk)
      const { statusCode: status, headers } = answer
      resolve({ status, headers, text: Buffer.concat(chunks).toString() })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${timeoutMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

// Lets another probe's sink know what happens to this one.
async function tell(what) {
  if (!env.PROBE_TELL) return
  const body = JSON.stringify({ what, instance, running })
  await send({ url: env.PROBE_TELL, method: 'POST', body }).catch(error =>
    process.stderr.write(`cannot tell ${what}: ${error.message}\n`),
  )
}

function parameter({ request }, name) {
  return new URL(request.url, 'http://probe').searchParams.get(name)
}

function json({ response }, value) {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}

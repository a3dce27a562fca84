// The floor of a durable ingest: appends events to a file and syncs it once for all that wait, then answers 202.
const fs = require('node:fs')
const http = require('node:http')

const file = fs.openSync(process.argv[2], 'a')
let waiting = []
let syncing = false

http
  .createServer((request, response) => {
    const chunks = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      waiting.push({ response, chunks })
      flush()
    })
  })
  .listen(process.env.PORT, '127.0.0.1')

function flush() {
  if (syncing || waiting.length === 0) return
  syncing = true
  const batch = waiting
  waiting = []
  fs.writeSync(file, Buffer.concat(batch.flatMap(({ chunks }) => chunks)))
  fs.fsync(file, () => {
    for (const { response } of batch) response.writeHead(202).end()
    syncing = false
    flush()
  })
}

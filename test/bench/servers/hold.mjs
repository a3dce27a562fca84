// A function that keeps each request open until the bench lets it go; `/quick` is answered at once.
import { createServer } from 'node:http'
import { connect } from 'node:net'

const port = Number(process.env.HOLD_PORT)
createServer((request, response) => {
  request.resume()
  if (request.url === '/quick') return response.end('quick')
  // The bench holds the other end: when it closes, the request is over.
  const hold = connect(port, '127.0.0.1')
  hold.on('error', () => response.destroy())
  hold.on('close', () => response.end('held'))
  hold.resume()
}).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit())

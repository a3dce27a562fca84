// A bare function: answers requests, takes events.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    // Anything but an event as the answer to an event would be an error to the broker.
    if (request.headers['ce-id'] === undefined) response.end('hello')
    else response.writeHead(202).end()
  })
})
server.listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit())

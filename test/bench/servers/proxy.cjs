// The floor of a gateway: a bare proxy over kept connections, with no check of anything.
const http = require('node:http')
const agent = new http.Agent({ keepAlive: true })
const target = new URL(process.argv[2])

http
  .createServer((request, response) => {
    const outgoing = http.request(
      {
        agent,
        host: target.hostname,
        port: target.port,
        method: request.method,
        path: request.url,
        headers: request.headers,
      },
      incoming => {
        response.writeHead(incoming.statusCode, incoming.headers)
        incoming.pipe(response)
      },
    )
    outgoing.on('error', () => response.destroy())
    request.pipe(outgoing)
  })
  .listen(process.env.PORT, '127.0.0.1')

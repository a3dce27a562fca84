// Stands for any function: answers every path with a small JSON body, absolute request targets included.
const http = require('node:http')
const body = JSON.stringify({ models: [] })

http
  .createServer((request, response) => {
    request.resume()
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      .end(body)
  })
  .listen(process.env.PORT, '127.0.0.1')

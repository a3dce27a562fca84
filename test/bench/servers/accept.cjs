// The floor of an ingest: reads the event and answers 202, keeping nothing.
const http = require('node:http')
http
  .createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(202).end())
  })
  .listen(process.env.PORT, '127.0.0.1')

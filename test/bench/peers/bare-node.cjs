// The floor: the least that answers HTTP on this runtime.
const http = require('node:http')
http
  .createServer((_request, response) => response.end('hello'))
  .listen(process.env.PORT, '127.0.0.1')

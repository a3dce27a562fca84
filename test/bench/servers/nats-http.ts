/** The same front as a broker's ingress before JetStream: `PORT=… node nats-http.ts <nats port> <subject>`. */
import { createServer } from 'node:http'
import { jetstream } from '@nats-io/jetstream'
import { connect, headers } from '@nats-io/transport-node'

const [port = '', subject = ''] = process.argv.slice(2)
const stream = jetstream(await connect({ servers: `127.0.0.1:${port}` }))

createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const attributes = headers()
    for (const [name, value] of Object.entries(request.headers)) {
      if (name.startsWith('ce-')) attributes.set(name, String(value))
    }
    stream.publish(subject, Buffer.concat(chunks), { headers: attributes }).then(
      () => response.writeHead(202).end(),
      (error: unknown) => response.writeHead(503).end(String(error)),
    )
  })
}).listen(Number(process.env.PORT), '127.0.0.1')

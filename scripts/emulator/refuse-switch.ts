/** What to do with an upstream that switches protocols although nobody asked it to. */
import type { ClientRequest } from 'node:http'

/** Makes a 101 an error of the request: Node would tell of no answer and of no error, and the client would wait. */
export function refuseSwitch(upstream: ClientRequest): void {
  upstream.once('upgrade', (_answer, socket) => {
    socket.destroy()
    upstream.emit('error', new Error('the server switched protocols unasked'))
  })
}

/** `KN_VERIFY_CORRELATION_ID`: the CESQL function by which a RequestReply's Trigger knows its replies. */
import { addFunction } from '../cesql/functions.ts'

/** Whether a correlation id was made for a RequestReply. */
export type Verify = (correlationId: string, name: string, namespace: string) => boolean

/** One for each emulator of this process; any of them may know the id. */
const verifiers = new Set<Verify>()

/** The expression that selects the replies to one RequestReply (`createTrigger`), on its one data plane replica. */
export function toExpression(attribute: string, name: string, namespace: string): string {
  return `KN_VERIFY_CORRELATION_ID(${attribute}, "${name}", "${namespace}", "request-reply-keys", 0, 1)`
}

/** Makes the function ask `verify`, too; returns what takes it back. */
export function addVerifier(verify: Verify): () => void {
  if (verifiers.size === 0) {
    addFunction('KN_VERIFY_CORRELATION_ID', {
      parameters: ['String', 'String', 'String', 'String', 'Integer', 'Integer'],
      returns: 'Boolean',
      run: ([id, name, namespace]) => ({
        value: [...verifiers].some(each => each(String(id), String(name), String(namespace))),
      }),
    })
  }
  verifiers.add(verify)
  return () => verifiers.delete(verify)
}

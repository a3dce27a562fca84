/** The name of a generated Revision (P: kmeta.ChildName). */
import { createHash } from 'node:crypto'

const LONGEST = 63
const MD5_CHARS = 32

/** `<configuration>-00001`; of a name too long for a host name the end is replaced by its digest. */
export function toRevisionName(configuration: string, generation: number): string {
  const suffix = `-${String(generation).padStart(5, '0')}`
  if (configuration.length <= LONGEST - suffix.length) return configuration + suffix
  const digest = createHash('md5').update(configuration).digest('hex')
  return configuration.slice(0, LONGEST - MD5_CHARS - suffix.length) + digest + suffix
}

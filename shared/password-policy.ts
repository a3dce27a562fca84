/** Which passwords are refused: those that everybody tries first. No rule about composition (ASVS 5.0 6.2). */
import { COMMON_PASSWORDS } from './common-passwords.ts'
import { AppError } from './errors.ts'

/** Names of the platform itself, which its users are tempted to use. */
const CONTEXT_WORDS = ['aiwfe', 'knative', 'ollama', 'gateway', 'workflow', 'kubernetes']

/**
 * Refuses a password that is common, or one word that an attacker knows (the account's own name, the platform's) with
 * digits or signs around it.
 * @throws {@link AppError} `validation_failed`
 */
export function assertPasswordAllowed(
  password: string,
  { email, name }: { email: string; name: string },
): void {
  const folded = password.toLowerCase()
  const core = folded.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  const words = [...CONTEXT_WORDS, ...email.split(/[@.+_-]/), ...name.toLowerCase().split(/\s+/)]
  const known = words.filter(word => word.length > 2)
  if (folded === email || isCommon(folded) || known.includes(core)) {
    throw new AppError('validation_failed', '"password": too easy to guess, choose another one', {
      details: { fields: [{ field: 'password', message: 'too easy to guess' }] },
    })
  }
}

const isCommon = (folded: string): boolean =>
  new Set(folded).size < 3 || COMMON_PASSWORDS.split(' ').includes(folded)

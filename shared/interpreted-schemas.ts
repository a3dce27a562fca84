/**
 * First in every bundle: schemas are interpreted, not compiled with `new Function` at their first use. A cold start uses
 * each schema once, and a compiled one costs it a millisecond.
 */
import { config } from 'zod/mini'

config({ jitless: true })

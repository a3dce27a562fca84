/** What the bundler puts in the place of the platform's web globals (`scripts/build.ts`); nothing imports this. */
export { fetch } from './fetch.ts'
export { Headers } from './headers.ts'
export { Request } from './request.ts'
export { Response } from './response.ts'

/** Only asked about by `instanceof`; the platform's own would load undici. */
export class FormData {}

/** See `FormData`. */
export class File {}

/** Whether a request is meant for this machine by someone on it: no rebound name, no page of another site. */

const OWN_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i
const OWN_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

/** Whether a Host header is the emulator's own address. */
export const isOwnHost = (host: string): boolean => OWN_HOST.test(host)

/** Whether a request comes from no page, or from one of this machine. */
export const isOwnOrigin = (origin: string | undefined): boolean =>
  origin === undefined || OWN_ORIGIN.test(origin)

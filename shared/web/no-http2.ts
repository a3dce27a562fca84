/** Stands for `node:http2` in bundles: the HTTP adapter only asks whether a request is one of these. */

/** Never instantiated: functions are served HTTP/1.1. */
export class Http2ServerRequest {}

/** Read only on HTTP/2 streams. */
export const constants: Readonly<Record<string, number>> = {}

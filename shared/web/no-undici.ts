/** Stands for `undici` in bundles: a library's connection pool, which the pool of `fetch.ts` replaces. */

/** Accepts any options and does nothing. */
export class Agent {
  close(): Promise<void> {
    return Promise.resolve()
  }
}

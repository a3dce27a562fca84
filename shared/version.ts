/** The version of the platform that this build belongs to. */
import manifest from '../package.json' with { type: 'json' }

/** Semantic version, e.g. `0.1.0`. */
export const version: string = manifest.version

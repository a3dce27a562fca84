/** The one knot of the parts: each is made with questions to others that are made after it. */

/** What is filled in while the parts are made. */
export interface Late<T extends object> {
  /** @throws Error that names what was asked for before it was there */
  get<Name extends keyof T & string>(name: Name): T[Name]
  /** Undefined while it is not there, for who can do without it until then. */
  peek<Name extends keyof T & string>(name: Name): T[Name] | undefined
  set(made: Partial<T>): void
}

/** Nothing is there yet. */
export function createLate<T extends object>(): Late<T> {
  const there: Partial<T> = {}
  return {
    get(name) {
      const value = there[name]
      if (value !== undefined) return value
      throw new Error(`the emulator is still starting: its ${name} must be made first`)
    },
    peek: name => there[name],
    set: made => void Object.assign(there, made),
  }
}

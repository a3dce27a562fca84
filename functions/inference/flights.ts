/** Identical requests that are on their way at the same time share one answer. */

/** Requests on their way, by key. */
export interface Flights<T> {
  /**
   * Joins the flight of `key`, or starts it with `run`. Who leaves by `signal` does not disturb the others; when the
   * last has left, the flight's own signal is aborted.
   */
  join(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Joined<T>
}

/** A place in a flight. */
export interface Joined<T> {
  answer: Promise<T>
  /** Whether somebody else had asked already. */
  shared: boolean
}

interface Flight<T> {
  answer: Promise<T>
  controller: AbortController
  passengers: number
}

/** Makes an empty sky. */
export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Flight<T>>()

  function depart(key: string, run: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController()
    const flight: Flight<T> = { answer: run(controller.signal), controller, passengers: 0 }
    flights.set(key, flight)
    const land = (): void => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    flight.answer.then(land, land)
    return flight
  }

  async function ride(key: string, flight: Flight<T>, signal: AbortSignal): Promise<T> {
    flight.passengers += 1
    let leave: (() => void) | undefined
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(signal.reason)
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
    })
    try {
      return await Promise.race([flight.answer, left])
    } finally {
      if (leave) signal.removeEventListener('abort', leave)
      flight.passengers -= 1
      if (flight.passengers === 0) {
        if (flights.get(key) === flight) flights.delete(key)
        flight.controller.abort(signal.reason)
      }
    }
  }

  return {
    join(key, signal, run) {
      const flying = flights.get(key)
      const flight = flying ?? depart(key, run)
      return { answer: ride(key, flight, signal), shared: flying !== undefined }
    },
  }
}

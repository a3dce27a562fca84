/** The child's side of a client process: answers commands of the parent, one at a time, and ends with it. */

/** Says that it is ready, then answers each command. */
export function serve<Command, Result>(
  ready: string | undefined,
  answer: (command: Command) => Promise<Result>,
): void {
  process.on('disconnect', () => process.exit())
  process.on('message', command => {
    answer(command as Command).then(
      result => process.send?.({ result }),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
  process.send?.({ ready: ready ?? '' })
}

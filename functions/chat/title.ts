/** The title of a conversation that nobody named. */

const MAX_LENGTH = 60

/** The first words of `question`, on one line, cut between words. */
export function toTitle(question: string): string {
  const line = question.replace(/\s+/gu, ' ').trim()
  if (line.length <= MAX_LENGTH) return line
  const cut = line.slice(0, MAX_LENGTH)
  const space = cut.lastIndexOf(' ')
  return `${(space > MAX_LENGTH / 2 ? cut.slice(0, space) : cut).trimEnd()}…`
}

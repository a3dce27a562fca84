/** The parity table: what the emulator has of Knative, from the rules themselves. */
import { ITEMS, type NamedRule } from './load.ts'
import { type Parity, parityOf } from './rule.ts'

/** The parts of the checklist, each with its last item. */
const AREAS = [
  { name: 'function runtime', last: 25 },
  { name: 'serving: objects and traffic', last: 48 },
  { name: 'conditions', last: 53 },
  { name: 'eventing: objects and delivery', last: 78 },
  { name: 'eventing: on the wire', last: ITEMS },
] as const

const PARITIES = ['emulated', 'approximated', 'absent'] as const

/** Where the generated table stands in a document. */
export const MARKERS = { begin: '<!-- parity: begin -->', end: '<!-- parity: end -->' } as const

/** The table in Markdown: how many rules of each part hold, and every one that holds less. */
export function toParityTable(rules: readonly NamedRule[]): string {
  const rows = AREAS.map(({ name, last }, index) => {
    const first = (AREAS[index - 1]?.last ?? 0) + 1
    const own = rules.filter(({ item }) => item >= first && item <= last)
    return [name, ...PARITIES.map(parity => countOf(own, parity))]
  })
  const total = ['all', ...PARITIES.map(parity => countOf(rules, parity))]
  const less = rules.filter(rule => parityOf(rule) !== 'emulated')
  return [
    toRow(['rules of Knative', ...PARITIES]),
    toRow(['---', '---:', '---:', '---:']),
    ...[...rows, total].map(toRow),
    '',
    ...toNotes(less),
  ].join('\n')
}

/** The document with the table between its markers. @throws Error when it has none */
export function withParityTable(document: string, table: string): string {
  const begin = document.indexOf(MARKERS.begin)
  const end = document.indexOf(MARKERS.end)
  if (begin < 0 || end < begin) {
    throw new Error(`the document must hold ${MARKERS.begin} and ${MARKERS.end}`)
  }
  return `${document.slice(0, begin)}${MARKERS.begin}\n${table}\n${document.slice(end)}`
}

/** One line for each note; rules that share one share the line. */
function toNotes(rules: readonly NamedRule[]): string[] {
  const items = new Map<string, Set<number>>()
  for (const { item, emulator } of rules) {
    if (!emulator) continue
    const line = `${emulator.parity}: ${emulator.note}`
    items.set(line, (items.get(line) ?? new Set()).add(item))
  }
  return [...items].map(([line, own]) => `- ${line} (${[...own].join(', ')})`)
}

const countOf = (rules: readonly NamedRule[], parity: Parity): string =>
  String(rules.filter(rule => parityOf(rule) === parity).length)

const toRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

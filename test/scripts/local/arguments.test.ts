import { expect, test } from 'vitest'
import { parseArguments, type StartArguments, USAGE } from '../../../scripts/local/arguments.ts'

const ROOT = '/project'
const DEFAULTS: StartArguments = {
  help: false,
  port: undefined,
  tls: false,
  tlsPort: undefined,
  stateDirectory: '/project/.aiwfe',
  fresh: false,
  timeScale: 1,
  eventing: { mode: 'durable', batch: false },
  json: false,
}

test.each<[string[], Partial<StartArguments>]>([
  [[], {}],
  [['--port', '0'], { port: 0 }],
  [['--port=65535'], { port: 65_535 }],
  [['--state-dir', '/elsewhere/state'], { stateDirectory: '/elsewhere/state' }],
  [['--state-dir', 'below'], { stateDirectory: `${process.cwd()}/below` }],
  [['--tls'], { tls: true }],
  [['--tls-port', '8444'], { tls: true, tlsPort: 8_444 }],
  [['--fresh'], { fresh: true }],
  [['--time-scale', '0.001'], { timeScale: 0.001 }],
  [['--time-scale', '100000'], { timeScale: 100_000 }],
  [['--eventing', 'sync'], { eventing: { mode: 'sync', batch: false } }],
  [['--batch'], { eventing: { mode: 'durable', batch: true } }],
  [['--json'], { json: true }],
  [['--help'], { help: true }],
  [['-h'], { help: true }],
  [['--json', '--fresh', '--port', '9000'], { json: true, fresh: true, port: 9_000 }],
])('%j is understood', (args, expected) => {
  expect(parseArguments(args, ROOT)).toEqual({ ...DEFAULTS, ...expected })
})

const PORT = '"--port" must be a number from 0 to 65535, got '
const SCALE = '"--time-scale" must be a number from 0.001 to 100000, got '

test.each([
  [['--port', 'web'], `${PORT}"web"`],
  [['--port', '65536'], `${PORT}"65536"`],
  [['--port=-1'], `${PORT}"-1"`],
  [['--port', '80.5'], `${PORT}"80.5"`],
  [['--port', ''], `${PORT}""`],
  [['--port', ' '], `${PORT}" "`],
  [['--tls-port', 'x'], '"--tls-port" must be a number from 0 to 65535, got "x"'],
  [['--time-scale', '0'], `${SCALE}"0"`],
  [['--time-scale', '100001'], `${SCALE}"100001"`],
  [['--time-scale', 'NaN'], `${SCALE}"NaN"`],
  [['--time-scale', 'Infinity'], `${SCALE}"Infinity"`],
  [['--eventing', 'fast'], '"--eventing" must be durable or sync, got "fast"'],
  [['--prot', '1'], "Unknown option '--prot'"],
  [['--port'], "'--port <value>' argument missing"],
  [['--json=yes'], "'--json' does not take an argument"],
  [['state'], "Unexpected argument 'state'"],
])('%j is refused: %s', (args, message) => {
  expect(() => parseArguments(args, ROOT)).toThrow(TypeError)
  expect(() => parseArguments(args, ROOT)).toThrow(message)
})

test('the usage names every option', () => {
  const options = [
    '--port',
    '--tls',
    '--tls-port',
    '--state-dir',
    '--fresh',
    '--time-scale',
    '--json',
    '--help',
  ]
  for (const option of options) expect(USAGE).toContain(`  ${option} `)
})

import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 6,
  level: 'should',
  source: 'runtime-contract',
  title: 'a process whose port is named h2c is spoken to in HTTP/2',
  test: async t => {
    const ports = [{ name: 'h2c', containerPort: 8080 }]
    const probe = await t.probe({ container: { ports }, env: { PROBE_H2C: '1' } })
    t.equal((await probe.report()).httpVersion, '2.0', 'the version that the process sees')
  },
}

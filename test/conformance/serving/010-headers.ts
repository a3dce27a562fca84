import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 10,
  level: 'should',
  source: 'runtime-contract',
  title: "headers arrive as they were sent, save those of the platform's own prefix",
  test: async t => {
    const probe = await t.shared()
    const headers = {
      'X-Teal': 'a, b',
      Authorization: 'Bearer c',
      'Knative-Serving-Revision': 'mine',
    }
    const report = await probe.report('/report', { headers })
    t.equal(report.headers['x-teal'], 'a, b', 'a header of the client')
    t.equal(report.headers.authorization, 'Bearer c', 'the authorization of the client')
    t.equal(report.headers['knative-serving-revision'], undefined, 'a header of the platform')
  },
}

import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 8,
  level: 'must',
  source: 'runtime-contract',
  title: 'a second port and a port of the host are refused',
  test: async t => {
    const two = [{ containerPort: 8080 }, { containerPort: 8081 }]
    await t.refused(
      t.apply({ container: { ports: two } }),
      /more than one container port/,
      'two ports',
    )
    const host = [{ containerPort: 8080, hostPort: 8080 }]
    await t.refused(
      t.apply({ container: { ports: host } }),
      /must not set.*hostPort/,
      'a host port',
    )
  },
}

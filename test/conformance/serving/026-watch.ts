import type { Rule } from '../rule.ts'
import { conditionOf } from '../target/resource.ts'

export const rule: Rule = {
  item: 26,
  level: 'may',
  source: 'serving-api',
  title: 'a watch tells every change of a Service until it is deleted',
  test: async t => {
    const name = t.name()
    const seen: string[] = []
    const watch = t.kube.watch('Service', name, AbortSignal.timeout(60_000))
    const first = watch.next()
    await t.apply({ name })
    for (let next = await first; !next.done; next = await watch.next()) {
      const { type, object } = next.value
      seen.push(type)
      if (type === 'DELETED') break
      if (
        type === 'MODIFIED' &&
        conditionOf(object)?.status === 'True' &&
        !seen.includes('ready')
      ) {
        seen.push('ready')
        await t.kube.remove('Service', name)
      }
    }
    await watch.return(undefined)
    t.equal(
      [seen[0], seen.includes('ready'), seen.at(-1)],
      ['ADDED', true, 'DELETED'],
      'what it told',
    )
  },
}

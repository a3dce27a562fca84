import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 86,
  level: 'must',
  source: 'data-plane',
  title: 'the waits between tries grow',
  test: async t => {
    const sink = await t.sink({ status: 503 }, { status: 503 }, { status: 503 }, {})
    const broker = await t.broker()
    const delivery = { retry: 3, backoffPolicy: 'exponential', backoffDelay: 'PT0.1S' }
    await t.trigger(broker, { subscriber: { uri: sink.uri }, delivery })
    await t.publish(broker.url)
    const times = (await sink.waitFor(4)).map(({ at }) => at)
    const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0))
    for (const [index, wait] of waits.entries()) {
      const least = 100 * 2 ** index - 20
      t.ok(wait >= least, `wait ${index + 1} must be at least ${least} ms, got ${wait}`)
    }
  },
}

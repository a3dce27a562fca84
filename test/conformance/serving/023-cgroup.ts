import type { Rule } from '../rule.ts'

export const rule: Rule = {
  item: 23,
  level: 'should',
  source: 'runtime-contract',
  title: 'a process can read the limits of its resources',
  emulator: {
    parity: 'absent',
    note: 'functions are plain processes: CPU and memory are not limited',
  },
  test: async t => {
    const probe = await t.probe({ container: { resources: { limits: { memory: '128Mi' } } } })
    const { text } = await probe.request('/read?path=/sys/fs/cgroup/memory.max')
    t.match(text, /134217728/, 'the limit')
  },
}

/** A small function as a process of its own: `GET /slow` answers when its client says so. */
import * as z from 'zod/mini'
import type { Operation } from '../../shared/contract.ts'
import { defineFunction } from '../../shared/function.ts'
import { route } from '../../shared/route.ts'
import { serve } from '../../shared/serve.ts'

const slow: Operation<Record<string, never>, { slow: boolean }> = {
  service: 'slow',
  name: 'slow',
  method: 'GET',
  path: '/slow',
  summary: 'answer after a while',
  permission: 'public',
  callers: [],
  input: () => z.strictObject({}),
  output: () => z.object({ slow: z.boolean() }),
}

serve(
  defineFunction({
    name: 'slow',
    config: {},
    contract: { service: 'slow', operations: [slow], events: [] },
    routes(app) {
      route(app, slow, async () => {
        process.stdout.write('asked\n')
        await new Promise<void>(resolve => process.stdin.once('data', () => resolve()))
        process.stdin.pause()
        return { slow: true }
      })
    },
  }),
)

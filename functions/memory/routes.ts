/** The HTTP API of `memory`: one handler for each operation of its contract. */
import {
  forgetMemory,
  getMemory,
  listMemories,
  recall as recallMemories,
  remember as rememberText,
} from '../../shared/contracts/memory.ts'
import { type App, route } from '../../shared/route.ts'
import { forget } from './forget.ts'
import { get, list } from './list.ts'
import { recall } from './recall.ts'
import { remember } from './remember.ts'
import type { MemoryDeps } from './settings.ts'

/** Every operation works on the memories of the caller alone. */
export function memoryRoutes(app: App, deps: MemoryDeps): void {
  route(app, rememberText, (input, { principal }) => remember(deps, principal.sub, input))
  route(app, recallMemories, (input, { principal }) => recall(deps, principal.sub, input))
  route(app, listMemories, (input, { principal }) => list(deps, principal.sub, input))
  route(app, getMemory, ({ id }, { principal }) => get(deps, principal.sub, id))
  route(app, forgetMemory, ({ id }, { principal }) => forget(deps, principal.sub, id))
}

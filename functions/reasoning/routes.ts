/** The HTTP API of `reasoning`. */
import { analyzeAlert, decide } from '../../shared/contracts/reasoning.ts'
import type { Deps } from '../../shared/deps.ts'
import type { Principal } from '../../shared/principal.ts'
import { type App, route } from '../../shared/route.ts'
import { analyze, askAbout, signatureOf } from './analyze.ts'
import { decideAmong } from './decide.ts'
import { keep, readPast } from './history.ts'
import type { ReasoningConfig } from './settings.ts'

/** Adds the routes. */
export function reasoningRoutes(app: App, deps: Deps<ReasoningConfig>): void {
  const { config, log } = deps
  const timeoutMs = config.MODEL_TIMEOUT_MS

  /** An analysis without its history is worth more than none. */
  async function orWithout<T>(task: Promise<T>): Promise<T | undefined> {
    try {
      return await task
    } catch (error) {
      log.warn('the history of alerts cannot be reached', { error })
      return undefined
    }
  }

  route(app, decide, (input, { signal }) => decideAmong(input, deps, { timeoutMs, signal }))

  route(app, analyzeAlert, async ({ alert }, { principal, signal }) => {
    const fact = { alert, resolved: alert.labels.status === 'resolved' }
    const tenant = tenantOf(principal)
    const signature = signatureOf(alert)
    const [past, outcome] = await Promise.all([
      orWithout(readPast(deps.sql, tenant, signature)),
      askAbout(fact, deps, { timeoutMs, signal }),
    ])
    const analysis = analyze(fact, past, outcome)
    const kept = { tenant, fingerprint: signature, signature, alert: alert.name, analysis }
    await orWithout(keep(deps.sql, [kept]))
    return analysis
  })
}

/** People see their own history; functions and events share the platform's. */
const tenantOf = (principal: Principal): string =>
  principal.kind === 'user' ? `user:${principal.sub}` : 'platform'

/** `reasoning`: decisions with evidence and the analysis of alerts; a model refines what rules can already answer. */
import { alertFired, reasoningContract } from '../../shared/contracts/reasoning.ts'
import { defineFunction, type FunctionDefinition, on } from '../../shared/function.ts'
import { analyzeFired } from './fired.ts'
import { reasoningRoutes } from './routes.ts'
import { type ReasoningConfig, reasoningSettings } from './settings.ts'

const reasoning: FunctionDefinition<ReasoningConfig> = defineFunction({
  name: 'reasoning',
  config: reasoningSettings,
  contract: reasoningContract,
  routes: reasoningRoutes,
  events: [on(alertFired, analyzeFired)],
})

export default reasoning

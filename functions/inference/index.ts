/** `inference`: the one door to the model server. Bounded, abortable, cached, and honest about a cut answer. */
import { inferenceContract } from '../../shared/contracts/inference.ts'
import { defineFunction, type FunctionDefinition } from '../../shared/function.ts'
import { inferenceRoutes } from './routes.ts'
import { type InferenceConfig, inferenceSettings } from './settings.ts'

const inference: FunctionDefinition<InferenceConfig> = defineFunction({
  name: 'inference',
  config: inferenceSettings,
  contract: inferenceContract,
  routes: inferenceRoutes,
})

export default inference

/** The one entry for people: proves them, checks their rights, counts them, and passes them on. */
import type { Contract } from '../../shared/contract.ts'
import { gatewayContract } from '../../shared/contracts/gateway.ts'
import { defineFunction, type FunctionDefinition } from '../../shared/function.ts'
import { gatewayRoutes } from './routes.ts'
import { publicOperations } from './routing-table.ts'
import { type GatewayConfig, gatewaySettings } from './settings.ts'

/** What is described at `/openapi.json`: the whole public API, in one document. */
const contract: Contract = {
  service: 'gateway',
  operations: [...gatewayContract.operations, ...publicOperations()],
  events: [],
}

const gateway: FunctionDefinition<GatewayConfig> = defineFunction({
  name: 'gateway',
  config: gatewaySettings,
  contract,
  routes: gatewayRoutes,
})

export default gateway

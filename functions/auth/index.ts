/** auth: accounts, sessions, and the tokens that prove them. */
import { authContract } from '../../shared/contracts/auth.ts'
import { defineFunction, type FunctionDefinition } from '../../shared/function.ts'
import { type AuthConfig, authSettings } from './config.ts'
import { authRoutes } from './routes.ts'

const auth: FunctionDefinition<AuthConfig> = defineFunction({
  name: 'auth',
  config: authSettings,
  contract: authContract,
  routes: authRoutes,
})

export default auth

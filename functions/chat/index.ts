/** Chat: conversations that remember. */
import { chatContract } from '../../shared/contracts/chat.ts'
import { defineFunction, type FunctionDefinition } from '../../shared/function.ts'
import { chatRoutes } from './routes.ts'
import { type ChatConfig, chatSettings } from './settings.ts'

const chat: FunctionDefinition<ChatConfig> = defineFunction({
  name: 'chat',
  config: chatSettings,
  contract: chatContract,
  routes: chatRoutes,
  outbox: 'chat',
})

export default chat

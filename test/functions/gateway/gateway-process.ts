/** The gateway as a process of its own, the way Knative runs it. */
import gateway from '../../../functions/gateway/index.ts'
import { serve } from '../../../shared/serve.ts'

serve(gateway)

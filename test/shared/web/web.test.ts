import { Headers as LightHeaders } from '../../../shared/web/headers.ts'
import { Request as LightRequest } from '../../../shared/web/request.ts'
import { Response as LightResponse } from '../../../shared/web/response.ts'
import { type WebTarget, webContract } from './web.contract.ts'

webContract('the platform', { Headers, Request, Response })
webContract('ours', {
  Headers: LightHeaders,
  Request: LightRequest,
  Response: LightResponse,
} as unknown as WebTarget)

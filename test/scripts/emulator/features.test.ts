import { expect, test } from 'vitest'
import { readFeatures } from '../../../scripts/emulator/features.ts'

const configMap = (data: Record<string, string>, name = 'config-features') => ({
  file: 'a.yaml',
  line: 1,
  namespace: 'knative-eventing',
  name,
  data,
})

test('known flags are read, and what cannot be is told', () => {
  const warnings: string[] = []
  const features = readFeatures(
    [
      configMap({ 'delivery-retryafter': 'enabled' }, 'another'),
      configMap({
        'authentication-oidc': 'Enabled',
        'default-authorization-mode': 'deny-all',
        'eventtype-auto-create': 'perhaps',
        'transport-encryption': 'strict',
        'kreference-group': 'disabled',
        _example: 'text',
      }),
    ],
    text => void warnings.push(text),
  )
  expect(features).toEqual({
    'authentication-oidc': 'enabled',
    'default-authorization-mode': 'deny-all',
  })
  expect(warnings).toEqual([
    'config-features: "eventtype-auto-create" must be enabled or disabled, got perhaps',
    'config-features: transport-encryption is not emulated',
  ])
})

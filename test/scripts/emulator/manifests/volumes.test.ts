/** Volumes and their mounts. */
import { expect, test } from 'vitest'
import { CONTAINER, type Refusal, SPEC, said } from './fixture.ts'

const MOUNT = { name: 'v', mountPath: '/data', readOnly: true }
const VOLUME = { name: 'v', secret: { secretName: 's' } }

test.each<Refusal>([
  [
    'a mount without a volume',
    { container: { volumeMounts: [MOUNT] } },
    `volumeMount has no matching volume: ${CONTAINER}.volumeMounts[0].name`,
  ],
  [
    'a volume that nothing mounts',
    { spec: { volumes: [VOLUME] } },
    `volume with name "v" not mounted: ${SPEC}.volumes[0].name`,
  ],
  [
    'a volume of the host',
    {
      container: { volumeMounts: [MOUNT] },
      spec: { volumes: [{ name: 'v', hostPath: { path: '/' } }] },
    },
    `must not set the field(s): ${SPEC}.volumes[0].hostPath`,
  ],
  [
    'a volume of two kinds',
    {
      container: { volumeMounts: [MOUNT] },
      spec: { volumes: [{ ...VOLUME, configMap: { name: 'c' } }] },
    },
    `expected exactly one, got both: ${SPEC}.volumes[0].secret, ${SPEC}.volumes[0].configMap`,
  ],
  [
    'a volume of no kind',
    { container: { volumeMounts: [MOUNT] }, spec: { volumes: [{ name: 'v' }] } },
    `expected exactly one, got neither: ${SPEC}.volumes[0].secret, ${SPEC}.volumes[0].configMap, ${SPEC}.volumes[0].projected, ${SPEC}.volumes[0].emptyDir`,
  ],
  [
    'a mount over the root',
    { container: { volumeMounts: [{ ...MOUNT, mountPath: '//' }] }, spec: { volumes: [VOLUME] } },
    `mountPath "/" is a reserved path: ${CONTAINER}.volumeMounts[0].mountPath`,
  ],
  [
    'a relative mount',
    { container: { volumeMounts: [{ ...MOUNT, mountPath: 'data' }] }, spec: { volumes: [VOLUME] } },
    `invalid value: data: ${CONTAINER}.volumeMounts[0].mountPath`,
  ],
  [
    'two mounts of one path',
    {
      container: { volumeMounts: [MOUNT, { ...MOUNT, mountPath: '/data/' }] },
      spec: { volumes: [VOLUME] },
    },
    `invalid value: "/data/" must be unique: ${CONTAINER}.volumeMounts[1].mountPath`,
  ],
])('%s is refused in the words of the webhook', (_wrong, parts, words) => {
  expect(said(parts)).toContain(words)
})

import { expect, test } from 'vitest'
import { toContainerCommand } from '../../../../scripts/emulator/serving/container-command.ts'
import { createWorld, service } from './world.ts'

const image = { command: 'node', args: ['index.js'], cwd: '/', env: { A: 'b' } }

test('arguments follow the command of the image, and a command takes its place', () => {
  expect(toContainerCommand(image, {})).toEqual(image)
  expect(toContainerCommand(image, { args: ['--fast'] }).args).toEqual(['index.js', '--fast'])
  expect(toContainerCommand(image, { command: ['sh', '-c'], args: ['true'] })).toEqual({
    ...image,
    command: 'sh',
    args: ['-c', 'true'],
  })
})

test('the working directory must be there', () => {
  expect(toContainerCommand(image, { workingDir: '/tmp' }).cwd).toBe('/tmp')
  expect(() => toContainerCommand(image, { workingDir: '/no/such/folder' })).toThrow(
    '"workingDir" must be a folder of this machine, got /no/such/folder',
  )
})

test('a command that prints and ends is what the revision fails with', async () => {
  const world = await createWorld([
    service('orders', { command: ['/bin/sh'], args: ['-c', 'echo out of luck; exit 3'] }),
  ])
  expect((await world.call('orders.localhost')).text).toContain('exited with code 3 (ExitCode3)')
  expect(world.lines.join('\n')).toContain('out of luck')
})

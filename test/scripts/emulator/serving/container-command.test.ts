import { expect, test } from 'vitest'
import { toContainerCommand } from '../../../../scripts/emulator/serving/container-command.ts'
import { createWorld, service } from './world.ts'

const image = { command: 'node', args: ['index.js'], cwd: '/', env: { A: 'b' } }

test('arguments follow the command of the image, and a command takes its place', () => {
  expect(toContainerCommand(image, {}, {})).toEqual(image)
  expect(toContainerCommand(image, { args: ['--fast'] }, {}).args).toEqual(['index.js', '--fast'])
  expect(toContainerCommand(image, { command: ['sh', '-c'], args: ['true'] }, {})).toEqual({
    ...image,
    command: 'sh',
    args: ['-c', 'true'],
  })
})

test('the working directory must be there', () => {
  expect(toContainerCommand(image, { workingDir: '/tmp' }, {}).cwd).toBe('/tmp')
  expect(() => toContainerCommand(image, { workingDir: '/no/such/folder' }, {})).toThrow(
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

test("variables in a container's own command and arguments are filled in, in the image's they are not", () => {
  const shell = { ...image, args: ['-c', 'echo $(PORT)'] }
  const given = { args: ['--port=$(PORT)', '$$(PORT)', '$(NONE)'] }
  expect(toContainerCommand(shell, given, { PORT: '8080' }).args).toEqual([
    '-c',
    'echo $(PORT)',
    '--port=8080',
    '$(PORT)',
    '$(NONE)',
  ])
  const own = toContainerCommand(image, { command: ['$(TOOL)', '$(TOOL)'] }, { TOOL: 'sh' })
  expect([own.command, ...own.args]).toEqual(['sh', 'sh'])
})

test('arguments name the port and the revision of their process', async () => {
  const script = 'echo "$0 $1"; exit 1'
  const world = await createWorld([
    service('orders', { command: ['/bin/sh'], args: ['-c', script, '$(K_REVISION)', '$(PORT)'] }),
  ])
  await world.call('orders.localhost')
  expect(world.lines.join('\n')).toMatch(/orders-00001 \d{5}/)
})

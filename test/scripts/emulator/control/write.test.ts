/** What is on the disk after a write: neither less than was answered, nor more. */
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { serviceDocument } from './fixture.ts'
import { hello, keysOf, ownedMap, ownerOf, place, SERVICE, startBench } from './kept.fixture.ts'

test('what waits until it works is kept meanwhile, and not when it is refused in the end', async () => {
  const file = place()
  const { control, part } = await startBench(file)
  const works = part.hold()
  const waiting = control.apply(serviceDocument('hello'), { wait: true })
  await expect.poll(() => keysOf(file)).toHaveLength(1)
  works.reject(new TypeError('refused after all'))
  await expect(waiting).rejects.toThrow('refused after all')
  expect(keysOf(file)).toEqual([])
})

test('what waits until it works is kept as it is shown in the end', async () => {
  const file = place()
  const { control, part } = await startBench(file)
  part.delay()
  const { metadata } = (await control.apply(serviceDocument('hello'), { wait: true })).object
  part.delay()
  const changed = serviceDocument('hello', { image: 'registry.test/b' })
  expect((await control.apply(changed, { wait: true })).object.metadata.generation).toBe(2)
  const second = await startBench(file)
  expect(second.control.get(hello).object.metadata).toEqual({ ...metadata, generation: 2 })
})

test('what is refused, or only checked, or only news, is not kept', async () => {
  const file = place()
  const { control, part } = await startBench(file)
  part.refuse(new TypeError('no'))
  await expect(control.apply(serviceDocument('hello'))).rejects.toThrow('no')
  await control.apply(serviceDocument('hello'), { dryRun: true })
  await control.apply({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, message: 'x' })
  expect(keysOf(file)).toEqual([])
})

test('a write that the disk does not take is an error, and changes nothing', async () => {
  const file = place()
  const { control } = await startBench(file)
  await control.apply(serviceDocument('hello', { ownerReferences: [ownerOf('a')] }))
  await control.apply(ownedMap('c', control.get(hello).object.metadata.uid))
  const before = control.catalogue.list().map(({ object }) => object)
  const works = refuseWrites(file)
  const noDisk = { code: 'InternalError', message: expect.stringContaining('cannot write') }
  const writes = [
    control.create(SERVICE, serviceDocument('other')),
    control.apply(
      serviceDocument('hello', { labels: { a: 'b' }, ownerReferences: [ownerOf('b')] }),
    ),
    control.remove(hello),
  ]
  for (const each of await Promise.allSettled(writes)) {
    expect(each).toMatchObject({ status: 'rejected', reason: noDisk })
  }
  expect(control.catalogue.list().map(({ object }) => object)).toEqual(before)
  works()
  await control.remove(hello)
  expect(keysOf(file)).toEqual([])
})

test('what is refused leaves the owners of what is there as they were', async () => {
  const { control, part } = await startBench(place())
  await control.apply(serviceDocument('hello', { ownerReferences: [ownerOf('a')] }))
  part.refuse(new TypeError('no'))
  const other = serviceDocument('hello', { ownerReferences: [ownerOf('b')] })
  await expect(control.apply(other)).rejects.toThrow('no')
  expect(control.get(hello).object.metadata.ownerReferences).toEqual([ownerOf('a')])
})

/** The disk takes nothing until what is returned is called. */
function refuseWrites(file: string): () => void {
  const database = new DatabaseSync(file)
  database.exec(
    ['INSERT', 'UPDATE', 'DELETE']
      .map(verb => {
        const stop = "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        return `CREATE TRIGGER no_${verb} BEFORE ${verb} ON entries ${stop}`
      })
      .join(';'),
  )
  return () => {
    database.exec('DROP TRIGGER no_INSERT; DROP TRIGGER no_UPDATE; DROP TRIGGER no_DELETE')
    database.close()
  }
}

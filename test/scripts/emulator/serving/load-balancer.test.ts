import { Agent } from 'node:http'
import { expect, test } from 'vitest'
import { createLoadBalancer } from '../../../../scripts/emulator/serving/load-balancer.ts'
import type { Replica, ReplicaPhase } from '../../../../scripts/emulator/serving/replica.ts'

test('without a limit the less busy of two at random is chosen', () => {
  const replicas = [replica(1, 5), replica(2, 3), replica(3, 9)]
  const random = [0, 0, 0.34, 0.5, 0.67, 0.99]
  const choose = createLoadBalancer(0, () => random.shift() ?? 0)
  expect([choose(replicas)?.port, choose(replicas)?.port, choose(replicas)?.port]).toEqual([
    2, 2, 2,
  ])
})

test('of two that are as busy, either is chosen', () => {
  const replicas = [replica(1, 1), replica(2, 1)]
  const choose = createLoadBalancer(0)
  const ports = new Set(Array.from({ length: 100 }, () => choose(replicas)?.port))
  expect(ports).toEqual(new Set([1, 2]))
})

test.each([1, 2, 3])('up to a limit of three (%i) the first with a free slot is chosen', limit => {
  const choose = createLoadBalancer(limit)
  const replicas = [replica(1, limit), replica(2, limit - 1), replica(3, 0)]
  expect([choose(replicas)?.port, choose(replicas)?.port]).toEqual([2, 2])
})

test('beyond that they take turns, and full ones are passed over', () => {
  const choose = createLoadBalancer(4)
  const replicas = [replica(1, 0), replica(2, 4), replica(3, 3)]
  const ports = Array.from({ length: 4 }, () => choose(replicas)?.port)
  expect(ports).toEqual([1, 3, 1, 3])
})

test.each([0, 1, 10])('nothing is chosen when none is ready and free (limit %i)', limit => {
  const choose = createLoadBalancer(limit)
  const replicas = [replica(1, 0, 'starting'), replica(2, 0, 'draining')]
  expect(choose(replicas)).toBeUndefined()
  if (limit > 0) expect(choose([replica(3, limit)])).toBeUndefined()
  expect(choose([])).toBeUndefined()
})

function replica(port: number, inFlight: number, phase: ReplicaPhase = 'ready'): Replica {
  return {
    agent: new Agent(),
    h2c: undefined,
    port,
    phase,
    inFlight,
    switched: 0,
    drain: () => Promise.resolve(),
    lost: () => {},
    settled: () => Promise.resolve(),
    idle: () => {},
  }
}

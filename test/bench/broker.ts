/**
 * The broker beside other brokers: ingest, deliveries to one consumer, and single hops, with the same payload, count,
 * publishers and window for all. Each server, its load generator and its consumer are processes of their own.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aiwfe } from './brokers/aiwfe.ts'
import { acceptFloor, fsyncFloor } from './brokers/floors.ts'
import { nats, natsOverHttp } from './brokers/nats.ts'
import { rabbitmq, rabbitmqQuorum } from './brokers/rabbitmq.ts'
import { redis } from './brokers/redis.ts'
import { AbsentError, type RunningTarget, type Target } from './brokers/target.ts'
import { type Children, createChildren } from './children.ts'
import { WINDOW } from './clients/client-process.ts'
import {
  type BenchContext,
  type BenchRow,
  type Budget,
  judge,
  median,
  quantile,
  round,
} from './rows.ts'

const TARGETS: readonly Target[] = [
  aiwfe,
  natsOverHttp,
  nats,
  rabbitmq,
  rabbitmqQuorum,
  redis,
  fsyncFloor,
  acceptFloor,
]
const FULL = { rounds: 5, events: 4_000, hops: 300 }
const QUICK = { rounds: 1, events: 200, hops: 10 }
/** Between single hops, so that no message waits behind another. */
const HOP_GAP_MS = 5
const HOP_BUDGET: Budget = { hop_p50_ms: { max: 5 } }
/** Only where there is a NATS to be compared with. */
const INGEST_BUDGET: Budget = { of_nats_http: { min: 1 } }

/** What was measured of one target. */
interface Measured {
  readonly target: Target
  readonly running: RunningTarget
  readonly ingest: number[]
  readonly deliveries: number[]
  readonly hops: number[]
  duplicates: number
}

/** Interleaves rounds over all brokers, so that a slow moment of the machine hits each of them. */
export async function run({ note, signal, quick = false }: BenchContext): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'aiwfe-broker-'))
  const children = createChildren()
  const measured: Measured[] = []
  const skipped: BenchRow[] = []
  try {
    for (const target of TARGETS) {
      signal.throwIfAborted()
      note(`starting ${target.name}`)
      const running = await start(target, children, join(directory, target.kind, target.name))
      if (running instanceof AbsentError) skipped.push(toSkipped(target, running))
      else measured.push({ target, running, ingest: [], deliveries: [], hops: [], duplicates: 0 })
    }
    const { rounds, events, hops } = quick ? QUICK : FULL
    for (let turn = 0; turn <= rounds; turn++) {
      note(turn === 0 ? 'a round that does not count' : `round ${turn} of ${rounds}`)
      for (const each of measured) {
        signal.throwIfAborted()
        await measureRound(each, `round${turn}`, events, turn > 0)
        await measureHops(each, `hops${turn}`, Math.ceil(hops / rounds), turn > 0)
      }
    }
    return [...toRows(measured), ...skipped]
  } finally {
    for (const { running } of measured) {
      await running.publisher.close()
      await running.consumer?.close()
    }
    await children.close()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function start(
  target: Target,
  children: Children,
  directory: string,
): Promise<RunningTarget | AbsentError> {
  await mkdir(directory, { recursive: true })
  try {
    return await target.start({ directory, children })
  } catch (error) {
    if (error instanceof AbsentError) return error
    throw error
  }
}

async function measureRound(
  each: Measured,
  name: string,
  count: number,
  counts: boolean,
): Promise<void> {
  const { publisher, consumer } = each.running
  const consuming = consumer?.run({ round: name, count })
  const { begunMs, endedMs } = await publisher.run({ round: name, count, lanes: WINDOW })
  const consumed = await consuming
  if (!counts) return
  each.ingest.push((count / (endedMs - begunMs)) * 1_000)
  if (!consumed) return
  each.deliveries.push((count / (consumed.lastMs - begunMs)) * 1_000)
  each.duplicates += consumed.duplicates
}

/** From just before the publish to the consumer, one message at a time. */
async function measureHops(
  each: Measured,
  name: string,
  count: number,
  counts: boolean,
): Promise<void> {
  const { publisher, consumer } = each.running
  if (!consumer) return
  const consuming = consumer.run({ round: name, count })
  await publisher.run({ round: name, count, lanes: 1, gapMs: HOP_GAP_MS })
  const { hops } = await consuming
  if (counts) each.hops.push(...hops)
}

function toRows(measured: readonly Measured[]): BenchRow[] {
  const ingestOf = (target: Target): number =>
    median(measured.find(each => each.target === target)?.ingest ?? [])
  const floor = ingestOf(fsyncFloor)
  const natsHttp = ingestOf(natsOverHttp)
  return measured.map(({ target, running, ingest, deliveries, hops, duplicates }) => {
    const row: BenchRow = {
      name: target.name,
      kind: target.kind,
      ratio: round(median(ingest) / floor),
      ...(Number.isFinite(natsHttp) && { of_nats_http: round(median(ingest) / natsHttp) }),
      ingest_per_s: Math.round(median(ingest)),
      ...(running.consumer && {
        deliveries_per_s: Math.round(median(deliveries)),
        hop_p50_ms: round(median(hops)),
        hop_p99_ms: round(quantile(hops, 0.99)),
        duplicates,
      }),
      at_ack: running.atAck,
    }
    if (target.kind !== 'ours') return row
    return judge(row, Number.isFinite(natsHttp) ? { ...HOP_BUDGET, ...INGEST_BUDGET } : HOP_BUDGET)
  })
}

const toSkipped = ({ name, kind }: Target, { message }: AbsentError): BenchRow => ({
  name,
  kind,
  skipped: message,
})

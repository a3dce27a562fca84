/** The contract of `migrations`: the schemas of all functions, the first admin, the vector collections. */
import * as z from 'zod/mini'
import type { Contract, Operation } from '../contract.ts'

/** One migration that was, or would be, carried out. */
export interface MigrationStep {
  function: string
  version: number
  name: string
  /** 0 in a dry run. */
  duration_ms: number
}

/** How a migration stands: `changed` is applied with another text, `unknown` is applied and not in this build. */
export type MigrationState = 'applied' | 'pending' | 'changed' | 'unknown'

/** A line of the status. */
export interface MigrationStatus {
  function: string
  version: number
  name: string
  state: MigrationState
  applied_at: string | null
}

/** Input of `migrateUp`. */
export interface UpInput {
  /** `<function>/<version>`: only that function, up to and including that version. */
  to?: string | undefined
  dry_run: boolean
}

/** Input of `migrateDown`. Exactly one of `steps` and `to`. */
export interface DownInput {
  /** How many of the latest migrations are taken back. */
  steps?: number | undefined
  /** `<function>/<version>`: everything of that function above that version; `memory/0` takes back all of it. */
  to?: string | undefined
  dry_run: boolean
}

/** Input of `createAdmin`. */
export interface AdminInput {
  email: string
  password: string
  name: string
}

/** Only operators migrate, and the gateway for admins. */
const CALLERS = ['gateway', 'operator'] as const
const PERMISSION = 'system:migrate'

const step = () =>
  z.object({
    function: z.string(),
    version: z.number(),
    name: z.string(),
    duration_ms: z.number(),
  })

const target = () => z.string().check(z.regex(/^[a-z][a-z0-9-]{0,62}\/\d{1,4}$/))

/** Applies what is pending. */
export const migrateUp: Operation<UpInput, { dry_run: boolean; applied: MigrationStep[] }> = {
  service: 'migrations',
  name: 'up',
  method: 'POST',
  path: '/api/v1/migrations/up',
  summary: 'apply pending migrations',
  permission: PERMISSION,
  callers: CALLERS,
  input: () =>
    z.strictObject({ to: z.optional(target()), dry_run: z._default(z.boolean(), false) }),
  output: () => z.object({ dry_run: z.boolean(), applied: z.array(step()) }),
}

/** Takes back what was applied. */
export const migrateDown: Operation<DownInput, { dry_run: boolean; reverted: MigrationStep[] }> = {
  service: 'migrations',
  name: 'down',
  method: 'POST',
  path: '/api/v1/migrations/down',
  summary: 'take migrations back',
  permission: PERMISSION,
  callers: CALLERS,
  input: () =>
    z
      .strictObject({
        steps: z.optional(z.int().check(z.minimum(1), z.maximum(10_000))),
        to: z.optional(target()),
        dry_run: z._default(z.boolean(), false),
      })
      .check(
        z.refine(({ steps, to }) => (steps === undefined) !== (to === undefined), {
          path: ['steps'],
          error: 'exactly one of "steps" and "to" must be given',
        }),
      ),
  output: () => z.object({ dry_run: z.boolean(), reverted: z.array(step()) }),
}

/** Every migration and how it stands. */
export const migrationStatus: Operation<
  Record<string, never>,
  { up_to_date: boolean; migrations: MigrationStatus[] }
> = {
  service: 'migrations',
  name: 'status',
  method: 'GET',
  path: '/api/v1/migrations/status',
  summary: 'how every migration stands',
  permission: PERMISSION,
  callers: CALLERS,
  input: () => z.strictObject({}),
  output: () =>
    z.object({
      up_to_date: z.boolean(),
      migrations: z.array(
        z.object({
          function: z.string(),
          version: z.number(),
          name: z.string(),
          state: z.enum(['applied', 'pending', 'changed', 'unknown']),
          applied_at: z.nullable(z.string()),
        }),
      ),
    }),
}

/** Makes the first admin; later calls with the same e-mail change nothing, with another one they are refused. */
export const createAdmin: Operation<AdminInput, { created: boolean; user_id: string }> = {
  service: 'migrations',
  name: 'admin',
  method: 'POST',
  path: '/api/v1/migrations/admin',
  summary: 'make the first admin',
  permission: PERMISSION,
  callers: CALLERS,
  input: () =>
    z.strictObject({
      email: z
        .string()
        .check(
          z.trim(),
          z.normalize('NFKC'),
          z.toLowerCase(),
          z.minLength(3),
          z.maxLength(254),
          z.regex(/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u),
        ),
      password: z.string().check(z.minLength(8), z.maxLength(128)),
      name: z._default(z.string().check(z.maxLength(100), z.regex(/^\P{Cc}*$/u)), ''),
    }),
  output: () => z.object({ created: z.boolean(), user_id: z.string() }),
}

/** Makes the vector collections that are missing. */
export const createCollections: Operation<
  Record<string, never>,
  { created: string[]; existing: string[] }
> = {
  service: 'migrations',
  name: 'collections',
  method: 'POST',
  path: '/api/v1/migrations/collections',
  summary: 'make the vector collections that are missing',
  permission: PERMISSION,
  callers: CALLERS,
  input: () => z.strictObject({}),
  output: () => z.object({ created: z.array(z.string()), existing: z.array(z.string()) }),
}

/** Everything that `migrations` offers. */
export const migrationsContract: Contract = {
  service: 'migrations',
  operations: [migrateUp, migrateDown, migrationStatus, createAdmin, createCollections],
  events: [],
}

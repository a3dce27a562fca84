/** One configuration for every test: real processes are slow to start, so the time limit is generous and bounded. */
import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest first, so that none of them runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter(file => !isLong(file))]
  }
}

const LONG = /\/test\/(e2e|conformance)\/|durability|stores\/postgres/

/** Files that share no hooks at the top of a module: they may share one process, which saves a second of work each. */
const SHARING = [
  'test/{scripts,bench,soak}/**/*.test.ts',
  'test/functions/{gateway,inference}/**/*.test.ts',
]

const common = {
  pool: 'forks',
  testTimeout: 30_000,
  hookTimeout: 60_000,
} as const

const config: ViteUserConfig = defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: 'test/fixtures/database-template.ts',
    // One more than the least machine has cores: some tests wait for what real time must bring.
    maxWorkers: 3,
    // Node itself takes the types away, as it does when functions run: nothing is transformed, and nothing mocked.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...common,
          name: 'apart',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...SHARING],
        },
      },
      { test: { ...common, name: 'together', include: SHARING, isolate: false } },
    ],
  },
})

export default config

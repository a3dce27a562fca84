/** `npm run dev`: the same as `npm start`, and every saved change becomes a new revision. */
import { run } from './local/run.ts'

await run(process.argv.slice(2), { watch: true })

/** `npm start`: the whole platform on this machine until Ctrl-C. */
import { run } from './local/run.ts'

await run(process.argv.slice(2), { watch: false })

// faas-js-runtime, the runtime of func's Node templates.
const { start } = require('faas-js-runtime')
start(() => 'hello', { port: Number(process.env.PORT), logLevel: 'silent' })

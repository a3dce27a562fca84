/** The conversation of the demo: a new person tells facts, and a new conversation recalls them. */
import { randomUUID } from 'node:crypto'
import { parseSse } from '../../shared/sse.ts'
import type { Narrator } from './demo-narrator.ts'

/** What is told first; each is a fact that only memory can know later. */
const FACTS = [
  'Hello, my name is Ada and I live in Lisbon.',
  'My favourite colour is teal.',
  'I work on the Orion telescope with a team of seven people.',
]
const QUESTION = 'What is my favourite colour?'
const EXPECTED = 'teal'
const REMEMBER_TIMEOUT_MS = 30_000

interface Client {
  post(path: string, body: object): Promise<Response>
}

/** Plays it; @throws Error when a step fails or the fact is not recalled. */
export async function playConversation(
  env: Record<string, string>,
  narrator: Narrator,
): Promise<void> {
  const client = await register(env.GATEWAY_URL ?? '', narrator)
  const first = await begin(client)
  for (const fact of FACTS) {
    narrator.say(`ada: ${fact}`)
    const { text } = await say(client, first, fact)
    narrator.show(`aiwfe: ${text}`)
  }
  narrator.say('the turns travel as events through the broker to memory')
  const memory = await untilRemembered(client)
  narrator.show(`remembered: ${memory}`)

  const second = await begin(client)
  narrator.say(`a new conversation, which has none of the above in it\n── ada: ${QUESTION}`)
  const { text, memories } = await say(client, second, QUESTION)
  narrator.show(`aiwfe: ${text}`)
  for (const used of memories) narrator.show(`memory used: ${used}`)
  if (!memories.some(used => used.includes(EXPECTED))) {
    throw new Error(`no memory of "${EXPECTED}" was used to answer`)
  }
  if (!text.includes(EXPECTED)) throw new Error(`the answer does not hold "${EXPECTED}"`)
}

async function register(url: string, narrator: Narrator): Promise<Client> {
  // A new account for each demo, so that nothing told before can be what is recalled.
  const email = `ada-${randomUUID().slice(0, 8)}@example.org`
  narrator.say(`a new account, ${email}`)
  const response = await post(`${url}/api/v1/auth/register`, {
    email,
    password: randomUUID(),
    name: 'Ada',
  })
  const { access_token } = (await response.json()) as { access_token: string }
  return { post: (path, body) => post(`${url}${path}`, body, access_token) }
}

async function begin(client: Client): Promise<string> {
  const response = await client.post('/api/v1/chat/conversations', {})
  return ((await response.json()) as { id: string }).id
}

async function say(
  client: Client,
  conversation: string,
  content: string,
): Promise<{ text: string; memories: string[] }> {
  const response = await client.post(`/api/v1/chat/conversations/${conversation}/stream`, {
    content,
  })
  let text = ''
  let memories: string[] = []
  let done = false
  for await (const { event, data } of parseSse(
    response.body as unknown as AsyncIterable<Uint8Array>,
  )) {
    if (event === 'memories')
      memories = (JSON.parse(data) as { text: string }[]).map(used => used.text)
    else if (event === 'delta') text += (JSON.parse(data) as { text: string }).text
    else if (event === 'error') throw new Error(`the answer failed: ${data}`)
    else if (event === 'done') done = true
  }
  if (!done) throw new Error('the answer was cut')
  return { text, memories }
}

/** Memory works behind the answer, as an event: asks until the fact is there. */
async function untilRemembered(client: Client): Promise<string> {
  const begun = performance.now()
  while (performance.now() - begun < REMEMBER_TIMEOUT_MS) {
    const response = await client.post('/api/v1/memories/search', { query: QUESTION, limit: 5 })
    const { results } = (await response.json()) as { results: { text: string; kind: string }[] }
    const found = results.find(({ text, kind }) => text.includes(EXPECTED) && kind !== 'episode')
    if (found) return `${found.text} (${found.kind})`
    await new Promise(resolve => setTimeout(resolve, 300))
  }
  throw new Error(`"${EXPECTED}" was not remembered within ${REMEMBER_TIMEOUT_MS / 1000} s`)
}

async function post(url: string, body: object, token?: string): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  if (response.ok) return response
  throw new Error(
    `POST ${new URL(url).pathname} answered ${response.status}: ${await response.text()}`,
  )
}

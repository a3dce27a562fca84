/** Runs `EVAL` scripts: a Lua machine with `redis.call`, `cjson` and nothing of the file system. */
import fengari from 'fengari'
import { isFailure, isStatus, RedisError, type Reply } from './reply.ts'

/** Runs one script. */
export interface ScriptRunner {
  run(script: { sha: string; source: string }, keys: string[], args: string[]): Reply
}

const { lua, lauxlib, lualib, to_luastring: toLua, to_jsstring: fromLua } = fengari
type State = ReturnType<typeof lauxlib.luaL_newstate>

const TIME_LIMIT_MS = 5_000
const INSTRUCTIONS_BETWEEN_CHECKS = 100_000

/**
 * Makes a runner whose scripts call commands through `call`. It is Lua 5.3 with the 5.1 names that Redis scripts use
 * (`unpack`, `loadstring`); a quotient that is whole prints as `2.0` where Redis prints `2`.
 */
export function createScriptRunner(call: (args: string[]) => Reply): ScriptRunner {
  const state = lauxlib.luaL_newstate()
  const compiled = new Map<string, number>()
  let deadline = 0
  openLibraries(state)
  defineGlobals(state, call)

  function compile({ sha, source }: { sha: string; source: string }): number {
    const known = compiled.get(sha)
    if (known !== undefined) return known
    const code = toLua(source)
    if (lauxlib.luaL_loadbuffer(state, code, code.length, toLua('@user_script')) !== lua.LUA_OK) {
      throw new RedisError(`ERR Error compiling script (new function): ${takeMessage(state)}`)
    }
    const reference = lauxlib.luaL_ref(state, lua.LUA_REGISTRYINDEX)
    compiled.set(sha, reference)
    return reference
  }

  return {
    run(script, keys, args) {
      lua.lua_settop(state, 0)
      const reference = compile(script)
      setList(state, 'KEYS', keys)
      setList(state, 'ARGV', args)
      deadline = performance.now() + TIME_LIMIT_MS
      lua.lua_sethook(
        state,
        inner => {
          if (performance.now() > deadline) {
            lauxlib.luaL_error(inner, toLua(`script ran longer than ${TIME_LIMIT_MS} ms`))
          }
        },
        lua.LUA_MASKCOUNT,
        INSTRUCTIONS_BETWEEN_CHECKS,
      )
      lua.lua_rawgeti(state, lua.LUA_REGISTRYINDEX, reference)
      if (lua.lua_pcall(state, 0, 1, 0) !== lua.LUA_OK) {
        const failure = toReply(state, -1)
        if (isFailure(failure)) return failure
        throw new RedisError(`ERR ${String(failure)} script: ${script.sha}, on @user_script:1.`)
      }
      const reply = toReply(state, -1)
      lua.lua_settop(state, 0)
      return reply
    },
  }
}

function openLibraries(state: State): void {
  const libraries = [
    ['_G', lualib.luaopen_base],
    ['table', lualib.luaopen_table],
    ['string', lualib.luaopen_string],
    ['math', lualib.luaopen_math],
  ] as const
  for (const [name, open] of libraries) {
    lauxlib.luaL_requiref(state, toLua(name), open, 1)
    lua.lua_pop(state, 1)
  }
  for (const name of ['dofile', 'loadfile', 'print', 'require']) {
    lua.lua_pushnil(state)
    lua.lua_setglobal(state, toLua(name))
  }
}

function defineGlobals(state: State, call: (args: string[]) => Reply): void {
  const command =
    (raise: boolean) =>
    (inner: State): number => {
      const reply = callSafely(call, readArguments(inner))
      if (isFailure(reply) && raise) {
        pushReply(inner, reply)
        return lua.lua_error(inner)
      }
      pushReply(inner, reply)
      return 1
    }
  const single =
    (field: 'error' | 'status') =>
    (inner: State): number => {
      const text = readText(inner, 1) ?? ''
      pushReply(inner, field === 'error' ? { error: text } : { status: text })
      return 1
    }
  setTable(state, 'redis', {
    call: command(true),
    pcall: command(false),
    error_reply: single('error'),
    status_reply: single('status'),
    log: () => 0,
  })
  setTable(state, 'cjson', {
    encode: inner => {
      lua.lua_pushstring(inner, toLua(JSON.stringify(toJson(inner, 1))))
      return 1
    },
    decode: inner => {
      try {
        pushJson(inner, JSON.parse(readText(inner, 1) ?? ''))
      } catch {
        return lauxlib.luaL_error(
          inner,
          toLua('Expected value but found invalid token at character 1'),
        )
      }
      return 1
    },
  })
  const prelude = toLua(
    'unpack = table.unpack; loadstring = load; table.getn = function(t) return #t end; math.pow = function(a, b) return a ^ b end',
  )
  lauxlib.luaL_loadbuffer(state, prelude, prelude.length, toLua('prelude'))
  lua.lua_pcall(state, 0, 0, 0)
}

function callSafely(call: (args: string[]) => Reply, args: string[]): Reply {
  try {
    return call(args)
  } catch (error) {
    if (error instanceof RedisError) return { error: error.message }
    throw error
  }
}

function setTable(
  state: State,
  name: string,
  functions: Record<string, (inner: State) => number>,
): void {
  lua.lua_newtable(state)
  for (const [key, run] of Object.entries(functions)) {
    lua.lua_pushstring(state, toLua(key))
    lua.lua_pushcfunction(state, run)
    lua.lua_rawset(state, -3)
  }
  lua.lua_setglobal(state, toLua(name))
}

function setList(state: State, name: string, items: string[]): void {
  pushReply(state, items)
  lua.lua_setglobal(state, toLua(name))
}

function readArguments(state: State): string[] {
  const args: string[] = []
  for (let at = 1; at <= lua.lua_gettop(state); at++) {
    const text = readText(state, at)
    if (text === undefined) {
      lauxlib.luaL_error(
        state,
        toLua('Lua redis lib command arguments must be strings or integers'),
      )
    }
    args.push(text ?? '')
  }
  return args
}

function readText(state: State, at: number): string | undefined {
  const type = lua.lua_type(state, at)
  if (type === lua.LUA_TNUMBER) return String(lua.lua_tonumber(state, at))
  const bytes = type === lua.LUA_TSTRING ? lua.lua_tostring(state, at) : null
  return bytes ? fromLua(bytes) : undefined
}

function takeMessage(state: State): string {
  const text = readText(state, -1) ?? 'unknown error'
  lua.lua_pop(state, 1)
  return text
}

/** Redis's table of conversions, Redis type to Lua type. */
function pushReply(state: State, reply: Reply): void {
  if (reply === null) lua.lua_pushboolean(state, false)
  else if (typeof reply === 'number') lua.lua_pushinteger(state, reply)
  else if (typeof reply === 'string') lua.lua_pushstring(state, toLua(reply))
  else if (Array.isArray(reply)) {
    lua.lua_newtable(state)
    reply.forEach((item, at) => {
      pushReply(state, item)
      lua.lua_rawseti(state, -2, at + 1)
    })
  } else {
    lua.lua_newtable(state)
    lua.lua_pushstring(state, toLua(isStatus(reply) ? 'ok' : 'err'))
    lua.lua_pushstring(state, toLua(isStatus(reply) ? reply.status : reply.error))
    lua.lua_rawset(state, -3)
  }
}

/** Lua type to Redis type: numbers lose their fraction, `false` is null, a list ends at its first nil. */
function toReply(state: State, at: number): Reply {
  switch (lua.lua_type(state, at)) {
    case lua.LUA_TNUMBER:
      return Math.trunc(lua.lua_tonumber(state, at))
    case lua.LUA_TSTRING:
      return readText(state, at) ?? ''
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(state, at) ? 1 : null
    case lua.LUA_TTABLE:
      return tableToReply(state, at)
    default:
      return null
  }
}

function tableToReply(state: State, at: number): Reply {
  lua.lua_pushvalue(state, at)
  for (const [field, make] of [
    ['err', (text: string): Reply => ({ error: text })],
    ['ok', (text: string): Reply => ({ status: text })],
  ] as const) {
    lua.lua_pushstring(state, toLua(field))
    lua.lua_rawget(state, -2)
    const text = readText(state, -1)
    lua.lua_pop(state, 1)
    if (text !== undefined) {
      lua.lua_pop(state, 1)
      return make(text)
    }
  }
  const items: Reply[] = []
  for (let index = 1; ; index++) {
    const type = lua.lua_rawgeti(state, -1, index)
    if (type === lua.LUA_TNIL) break
    items.push(toReply(state, -1))
    lua.lua_pop(state, 1)
  }
  lua.lua_pop(state, 2)
  return items
}

function toJson(state: State, at: number): unknown {
  switch (lua.lua_type(state, at)) {
    case lua.LUA_TNUMBER:
      return lua.lua_tonumber(state, at)
    case lua.LUA_TSTRING:
      return readText(state, at)
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(state, at)
    case lua.LUA_TTABLE:
      return tableToJson(state, at)
    default:
      return null
  }
}

function tableToJson(state: State, at: number): unknown {
  lua.lua_pushvalue(state, at)
  const pairs: [string | undefined, unknown][] = []
  lua.lua_pushnil(state)
  while (lua.lua_next(state, -2)) {
    pairs.push([readText(state, -2), toJson(state, -1)])
    lua.lua_pop(state, 1)
  }
  const size = lua.lua_rawlen(state, -1)
  const isList = size > 0 && size === pairs.length
  const items: unknown[] = []
  for (let index = 1; isList && index <= size; index++) {
    lua.lua_rawgeti(state, -1, index)
    items.push(toJson(state, -1))
    lua.lua_pop(state, 1)
  }
  lua.lua_pop(state, 1)
  return isList ? items : Object.fromEntries(pairs.map(([key, value]) => [key ?? '', value]))
}

function pushJson(state: State, value: unknown): void {
  if (typeof value === 'string') lua.lua_pushstring(state, toLua(value))
  else if (typeof value === 'boolean') lua.lua_pushboolean(state, value)
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) lua.lua_pushinteger(state, value)
    else lua.lua_pushnumber(state, value)
  } else if (Array.isArray(value)) {
    lua.lua_newtable(state)
    value.forEach((item, at) => {
      pushJson(state, item)
      lua.lua_rawseti(state, -2, at + 1)
    })
  } else if (typeof value === 'object' && value !== null) {
    lua.lua_newtable(state)
    for (const [key, item] of Object.entries(value)) {
      lua.lua_pushstring(state, toLua(key))
      pushJson(state, item)
      lua.lua_rawset(state, -3)
    }
  } else lua.lua_pushnil(state)
}

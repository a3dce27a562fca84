/** Runs `EVAL` scripts: a Lua machine with `redis.call`, `cjson` and nothing of the file system. */
import fengari from 'fengari'
import { pushJson, pushReply, readText, type State, toJson, toReply } from './lua-values.ts'
import { isFailure, RedisError, type Reply } from './reply.ts'

/** Runs one script. */
export interface ScriptRunner {
  run(script: { sha: string; source: string }, keys: string[], args: string[]): Reply
}

const { lua, lauxlib, lualib, to_luastring: toLua } = fengari

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

function takeMessage(state: State): string {
  const text = readText(state, -1) ?? 'unknown error'
  lua.lua_pop(state, 1)
  return text
}

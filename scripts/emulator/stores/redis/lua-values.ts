/** Values between Redis, JSON and Lua. */
import fengari from 'fengari'
import { isStatus, type Reply } from './reply.ts'

const { lua, to_luastring: toLua, to_jsstring: fromLua } = fengari

/** A Lua machine. */
export type State = ReturnType<typeof fengari.lauxlib.luaL_newstate>

/** Puts a reply on the stack: Redis's table of conversions, Redis type to Lua type. */
export function pushReply(state: State, reply: Reply): void {
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
export function toReply(state: State, at: number): Reply {
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

/** A Lua value as JSON has it. */
export function toJson(state: State, at: number): unknown {
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

/** Puts a JSON value on the stack. */
export function pushJson(state: State, value: unknown): void {
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

/** A string or a number on the stack as text. */
export function readText(state: State, at: number): string | undefined {
  const type = lua.lua_type(state, at)
  if (type === lua.LUA_TNUMBER) return String(lua.lua_tonumber(state, at))
  const bytes = type === lua.LUA_TSTRING ? lua.lua_tostring(state, at) : null
  return bytes ? fromLua(bytes) : undefined
}

/** The part of fengari (a Lua 5.3 virtual machine in JavaScript) that scripts use; it has no types of its own. */
declare module 'fengari' {
  type LuaState = { readonly luaState: unique symbol }
  type LuaString = Uint8Array
  export const to_luastring: (text: string) => LuaString
  export const to_jsstring: (text: LuaString) => string
  export const lua: {
    LUA_OK: number
    LUA_TNIL: number
    LUA_TBOOLEAN: number
    LUA_TNUMBER: number
    LUA_TSTRING: number
    LUA_TTABLE: number
    LUA_MASKCOUNT: number
    LUA_REGISTRYINDEX: number
    lua_sethook(
      state: LuaState,
      hook: ((state: LuaState) => void) | null,
      mask: number,
      count: number,
    ): void
    lua_pcall(state: LuaState, args: number, results: number, handler: number): number
    lua_gettop(state: LuaState): number
    lua_settop(state: LuaState, top: number): void
    lua_pop(state: LuaState, count: number): void
    lua_type(state: LuaState, at: number): number
    lua_isinteger(state: LuaState, at: number): boolean
    lua_tonumber(state: LuaState, at: number): number
    lua_toboolean(state: LuaState, at: number): boolean
    lua_tostring(state: LuaState, at: number): LuaString | null
    lua_pushnil(state: LuaState): void
    lua_pushboolean(state: LuaState, value: boolean): void
    lua_pushinteger(state: LuaState, value: number): void
    lua_pushnumber(state: LuaState, value: number): void
    lua_pushstring(state: LuaState, value: LuaString): void
    lua_pushcfunction(state: LuaState, run: (state: LuaState) => number): void
    lua_pushvalue(state: LuaState, at: number): void
    lua_newtable(state: LuaState): void
    lua_rawget(state: LuaState, at: number): number
    lua_rawgeti(state: LuaState, at: number, index: number): number
    lua_rawset(state: LuaState, at: number): void
    lua_rawseti(state: LuaState, at: number, index: number): void
    lua_rawlen(state: LuaState, at: number): number
    lua_next(state: LuaState, at: number): number
    lua_setglobal(state: LuaState, name: LuaString): void
    lua_getglobal(state: LuaState, name: LuaString): number
    lua_error(state: LuaState): number
  }
  export const lauxlib: {
    luaL_newstate(): LuaState
    luaL_loadbuffer(state: LuaState, code: LuaString, size: number, name: LuaString): number
    luaL_requiref(
      state: LuaState,
      name: LuaString,
      open: (state: LuaState) => number,
      global: number,
    ): void
    luaL_ref(state: LuaState, table: number): number
    luaL_error(state: LuaState, message: LuaString): number
  }
  export const lualib: {
    luaopen_base(state: LuaState): number
    luaopen_table(state: LuaState): number
    luaopen_string(state: LuaState): number
    luaopen_math(state: LuaState): number
  }
}

-- The rock as LuaRocks builds it, into an empty tree, and a publish from there. Each Lua's rock is
-- built once in a run of the suites: that of PUC Lua 5.1 serves LuaJIT, too, which takes its module
-- files unchanged.

local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local luajit = type(jit) == "table"
local versions = luajit and { "5.1" } or { "5.2", "5.3", "5.4" }

local PROGRAM = [[
local momento = require "momento"
assert(package.searchpath == nil
  or package.searchpath("momento.core", package.cpath):find(arg[1], 1, true))
local client = assert(momento.client())
local subscription = assert(client:subscribe("my-cache", "rock"))
assert(client:publish("my-cache", "rock", "from a rock"))
print(assert(subscription:receive(20)).value)
client:close()
]]

local function run(line)
  local child = process.start(line)
  local code = child:wait(120)
  assert.equal(0, code, child:output() .. child:errors())
  return child:output()
end

describe("luarocks make", function()
  local server, source, home

  setup(function()
    server = Topicsd.start {}
    home = process.directory()
    -- LuaRocks leaves object files beside the sources.
    source = process.directory()
    run { "sh", "-c", "cp -R src lua bin doc LICENSE *.rockspec " .. source }
  end)

  teardown(Topicsd.stop_all)

  local function luarocks(version, tree, command)
    return run { "sh", "-c", ("cd %s && luarocks --lua-version=%s --tree %s %s"):format(
      source, version, tree, command), env = { HOME = home } }
  end

  for _, version in ipairs(versions) do
    it("builds a rock for Lua " .. version .. " that works", function()
      local tree = process.directory()
      -- Without optimisation: this is about what is built, not how fast it runs.
      luarocks(version, tree, "make --deps-mode none CFLAGS='-O0 -fPIC' lua-momento-dev-1.rockspec")

      local program = process.directory() .. "/program.lua"
      local file = assert(io.open(program, "w"))
      file:write(PROGRAM)
      file:close()
      local environment = {
        LUA_PATH = ("%s/share/lua/%s/?.lua;%s/share/lua/%s/?/init.lua;;"):format(
          tree, version, tree, version),
        LUA_CPATH = ("%s/lib/lua/%s/?.so;;"):format(tree, version),
        MOMENTO_API_KEY = server.api_key,
      }
      local interpreters = { "lua" .. version, version == "5.1" and "luajit" or nil }
      for _, interpreter in ipairs(interpreters) do
        assert.equal("from a rock\n", run { interpreter, program, tree, env = environment })
      end

      assert.equal("momento " .. require "momento.version" .. "\n",
        run { tree .. "/bin/momento", "--version", env = environment })

      luarocks(version, tree, "pack lua-momento dev-1")
      local packed = process.capture("ls " .. source .. "/*.rock")
      assert.matches("/lua%-momento%-dev%-1%.[^/\n]+%.rock$", packed)
      os.remove(packed)
    end)
  end
end)

describe("make", function()
  it("refuses a Lua that it does not know", function()
    for _, lua in ipairs { "5.5", "lua5.3", "" } do
      local make = process.start { "make", "-n", "LUA=" .. lua, "all" }
      assert.not_equal(0, make:wait())
      assert.equal("", make:output())
      assert.matches("LUA is 5%.1, 5%.2, 5%.3, 5%.4 or luajit", make:errors())
    end
  end)
end)

describe("make install", function()
  it("puts modules and programs where the Lua looks for them", function()
    local server = Topicsd.start {}
    local lua = luajit and "luajit" or _VERSION:match "%d%.%d"
    local abi = _VERSION:match "%d%.%d"
    local root = process.directory()
    run { "make", "-s", "LUA=" .. lua, "PREFIX=/opt/momento", "DESTDIR=" .. root, "install",
      env = { MAKEFLAGS = false, LUA_PATH = false, LUA_CPATH = false } }
    local prefix = root .. "/opt/momento"
    local environment = {
      LUA_PATH = ("%s/share/lua/%s/?.lua;%s/share/lua/%s/?/init.lua;;"):format(
        prefix, abi, prefix, abi),
      LUA_CPATH = ("%s/lib/lua/%s/?.so;;"):format(prefix, abi),
      MOMENTO_API_KEY = server.api_key,
    }
    assert.equal("", run {
      prefix .. "/bin/momento", "publish", "my-cache", "installed", "x", env = environment,
    })
    assert.equal("topicsd " .. require "momento.version" .. "\n",
      run { prefix .. "/bin/topicsd", "--version" })
    Topicsd.stop_all()
  end)
end)

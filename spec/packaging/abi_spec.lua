-- One binary for all that speaks the 5.1 ABI: the modules as built against PUC Lua 5.1's headers,
-- in LuaJIT, in nginx and in LÖVE.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end -- whatever Lua runs the specs: one of them is enough

local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local tree = process.capture "pwd"
local modules = tree .. "/build/5.1"
local paths = {
  LUA_PATH = ("%s/?.lua;%s/lua/?.lua;%s/lua/?/init.lua;;"):format(tree, tree, tree),
  LUA_CPATH = modules .. "/?.so;;",
}

local LOVE_MAIN = [[
function love.load()
  local momento = require "momento"
  local client = assert(momento.client())
  local subscription = assert(client:subscribe("my-cache", "love"))
  assert(client:publish("my-cache", "love", "from LOVE"))
  print(package.searchpath("momento.core", package.cpath), assert(subscription:receive(20)).value)
  love.event.quit()
end
]]

local LOVE_CONF = [[
function love.conf(t)
  t.window = false
  for name in pairs(t.modules) do t.modules[name] = name == "event" or name == "timer" end
end
]]

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

describe("the modules built for PUC Lua 5.1", function()
  local server

  setup(function()
    local made = process.capture "make -s LUA=5.1 all >build/abi.log 2>&1 && echo made"
    assert.equal("made", made, process.read_file "build/abi.log")
    server = Topicsd.start {}
  end)

  teardown(function()
    Nginx.stop_all()
    Topicsd.stop_all()
  end)

  local function run(words)
    words.env = {
      LUA_PATH = paths.LUA_PATH, LUA_CPATH = paths.LUA_CPATH,
      MOMENTO_API_KEY = server.api_key, MOMENTO_ENDPOINT = server.url,
      SDL_VIDEODRIVER = "dummy", SDL_AUDIODRIVER = "dummy",
    }
    local child = process.start(words)
    assert.equal(0, child:wait(60), child:output() .. child:errors())
    return child:output()
  end

  it("do everything in LuaJIT", function()
    assert.matches("everything used", run { "luajit", "spec/support/everything.lua" })
  end)

  it("decode in nginx", function()
    local nginx = Nginx.start { env = paths }
    local path, value, kind = nginx:run("content", [[
      local core = require "momento.core"
      local envelope = require "spec.support.envelope"
      local subscription = core.subscription(core.client("http://a", "t"), "c", "t")
      subscription:feed(envelope.body(envelope.text(1, 5, "from nginx")))
      local kind, message = subscription:next()
      return package.searchpath("momento.core", package.cpath), message.value, kind
    ]])
    assert.equal(modules .. "/momento/core.so", path)
    assert.same({ "from nginx", "message" }, { value, kind })
    nginx:stop()
  end)

  it("publish and receive in LÖVE", function()
    local game = process.directory()
    write(game .. "/main.lua", LOVE_MAIN)
    write(game .. "/conf.lua", LOVE_CONF)
    assert.equal(modules .. "/momento/core.so\tfrom LOVE\n", run { "love", game })
  end)
end)

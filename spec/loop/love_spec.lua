-- The LÖVE example without window, graphics and audio: two players hear each other. LÖVE brings a
-- LuaJIT of its own, so once is enough.

local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

if rawget(_G, "jit") then return end

describe("examples/love", function()
  local server

  setup(function()
    local made = process.capture "make -s LUA=luajit all >build/love.log 2>&1 && echo made"
    assert(made == "made", "make LUA=luajit failed: see build/love.log")
    server = Topicsd.start {}
  end)
  teardown(function()
    process.stop_all()
    Topicsd.stop_all()
  end)

  local function play(...)
    local words = {
      "love", "examples/love", "--headless", ...,
    }
    words.env = {
      LUA_PATH = "lua/?.lua;lua/?/init.lua;/usr/share/lua/5.1/?.lua;;",
      LUA_CPATH = "build/luajit/?.so;/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;;",
      MOMENTO_ENDPOINT = server.url, MOMENTO_API_KEY = server.api_key,
    }
    return process.start(words)
  end

  it("shows who is there and what is said", function()
    local bob = play("--name", "bob", "--say", "hello from bob", "--seconds", "60")
    process.wait_until(function() return bob:output():find("bob: hello from bob", 1, true) end, 30,
      "bob to hear himself")
    local ann = play("--name", "ann", "--say", "hello from ann", "--seconds", "60")
    process.wait_until(function() return bob:output():find("ann: hello from ann", 1, true) end, 30,
      "bob to hear ann")
    process.wait_until(function() return ann:output():find("* bob is here", 1, true) end, 30,
      "ann to see bob")
    assert.truthy(bob:output():find("* ann is here", 1, true))
    ann:stop()
    bob:stop()
  end)

  it("says what is wrong with its arguments", function()
    local player = play("--nmae", "ann")
    process.wait_until(function()
      return (player:output() .. player:errors()):find("unknown argument --nmae", 1, true)
    end, 30, "the error")
    player:stop()
  end)
end)

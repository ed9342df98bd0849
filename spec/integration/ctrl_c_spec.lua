-- Ctrl-C ends what blocks, and a program that catches it can go on where it was. Measured by hand,
-- it takes milliseconds; the limit here leaves room for a busy machine.

local socket = require "socket"

local momento = require "momento"
local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"
local Peer = require "spec.support.peer"

local PATIENCE = 30 -- seconds
local PROMPT = 2 -- seconds

local PRELUDE = [[
io.stdout:setvbuf "no"
local momento = require "momento"
local client = assert(momento.client { timeout = 600 })
]]

local waits = {
  { "a receive", [[
    local subscription = assert(client:subscribe("c", "t"))
    print "ready"
    subscription:receive() ]] },
  { "a receive with a timeout", [[
    local subscription = assert(client:subscribe("c", "t"))
    print "ready"
    subscription:receive(600) ]] },
  { "an iterator", [[
    local subscription = assert(client:subscribe("c", "t"))
    print "ready"
    for _ in subscription do end ]] },
  { "a receive in a coroutine, where the running Lua can tell", [[
    local subscription = assert(client:subscribe("c", "t"))
    print "ready"
    local function receive() subscription:receive() end
    if _VERSION == "Lua 5.1" and not jit then receive() else coroutine.wrap(receive)() end ]] },
  { "a run of tasks", [[
    momento.run(function()
      for i = 1, 3 do
        momento.spawn(function() client:subscribe("c", "t" .. i):receive() end)
      end
      momento.sleep(0.05)
      print "ready"
    end) ]] },
  { "a sleep", [[
    print "ready"
    momento.sleep(600) ]] },
  { "a sleep in a task", [[
    momento.run(function()
      print "ready"
      momento.sleep(600)
    end) ]] },
  { "a loop of short receives", [[
    local subscription = assert(client:subscribe("c", "t"))
    print "ready"
    while true do subscription:receive(0.001) end ]] },
}

describe("Ctrl-C", function()
  local server

  local function start(script, endpoint, stdin)
    return process.start {
      process.lua, "-e", PRELUDE .. script,
      stdin = stdin,
      env = { MOMENTO_API_KEY = server.api_key, MOMENTO_ENDPOINT = endpoint or false },
    }
  end

  -- Interrupts it once it is ready, and checks that it ends soon, with an error.
  local function interrupt(program)
    program:wait_for_output("ready", PATIENCE)
    local before = socket.gettime()
    program:kill "INT"
    local code = program:wait(PATIENCE)
    local seconds = socket.gettime() - before
    assert.not_equal(0, code)
    assert.matches("interrupted", program:errors())
    assert.is_true(seconds < PROMPT, ("it took %g s"):format(seconds))
  end

  setup(function() server = Topicsd.start { "--cache", "c" } end)

  for _, row in ipairs(waits) do
    it("ends " .. row[1], function() interrupt(start(row[2])) end)
  end

  it("ends a publish that waits for its answer", function()
    local peer = Peer.start { { hold = true } }
    local program = process.start {
      process.lua, "-e", [[
        io.stdout:setvbuf "no"
        local momento = require "momento"
        local client = assert(momento.client { api_key = "k", timeout = 600 })
        print "ready"
        client:publish("c", "t", "v") ]],
      env = { MOMENTO_API_KEY = false, MOMENTO_ENDPOINT = peer.url },
    }
    peer:wait_for_requests(1, PATIENCE)
    interrupt(program)
  end)

  it("can be caught, and nothing is lost that is published meanwhile", function()
    local program = start([[
      local subscription = assert(client:subscribe("c", "caught"))
      print "ready"
      local fine = pcall(subscription.receive, subscription)
      print(fine and "went on" or "caught")
      io.read()
      print("got " .. assert(subscription:receive(600)).value)
    ]], nil, "fifo")
    program:wait_for_output("ready", PATIENCE)
    program:kill "INT"
    program:wait_for_output("caught\n", PATIENCE)
    local client = assert(momento.client { api_key = server.api_key })
    assert(client:publish("c", "caught", "it"))
    client:close()
    program:write "\n"
    program:wait_for_output("got it\n", PATIENCE)
    assert.equal(0, program:wait(PATIENCE))
  end)
end)

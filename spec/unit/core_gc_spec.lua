-- momento.core and the collector: nothing is kept longer than needed, nothing goes too early, in
-- every mode a collector has.

local core = require "momento.core"
local envelope = require "spec.support.envelope"

local client = core.client("http://127.0.0.1:1", "token")

-- LuaJIT halves its scratch buffer at each collection, the others are done after two.
local function kilobytes()
  for _ = 1, rawget(_G, "jit") and 12 or 2 do collectgarbage() end
  return collectgarbage "count"
end

-- A subscription with a body of more than 4 MB, and what is allocated with it.
local function subscribe_to_much(...)
  local before = kilobytes()
  local subscription = core.subscription(client, "cache", "topic")
  subscription:feed(envelope.body(envelope.text(1, 5, ("x"):rep(2 ^ 22)), ...))
  local held = kilobytes()
  assert.is_true(held > before + 4000)
  return subscription, held
end

-- Stops the collector, and hooks that collect (make gc-stress). The first function returned lets it
-- run again, through a whole cycle at the very next allocations; the second undoes everything.
local function hold_back()
  local hook, mask, count = debug.gethook()
  debug.sethook()
  local generational = pcall(collectgarbage, "generational")
  local stepmul = not generational and collectgarbage("setstepmul", 100000000)
  collectgarbage "stop"
  return function() collectgarbage "restart" end, function()
    debug.sethook(hook, mask, count)
    collectgarbage "restart"
    if generational then collectgarbage "incremental" else collectgarbage("setstepmul", stepmul) end
  end
end

-- Calls finalizer when the value returned becomes garbage.
local function collectable(finalizer)
  if newproxy then
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = finalizer
    return proxy
  end
  return setmetatable({}, { __gc = finalizer })
end

-- A topic's worth of everything, with values that show any byte that is not theirs.
local function bodies(count, size)
  local all, number = {}, 0
  for i = 1, count do
    local elements = {}
    for j = 1, 7 do
      number = number + 1
      local value = ("%d %s"):format(number, string.char(96 + j):rep(j * size))
      if j == 3 then
        elements[j] = envelope.text(number, 5, value .. '"\n')
      elseif j == 5 then
        local binary = ('{"binary":"%s"}'):format(core.base64_encode(value))
        elements[j] = envelope.message(number, 5, binary, ',"publisher_id":"p' .. number .. '"')
      else
        elements[j] = envelope.text(number, 5, value)
      end
    end
    all[i] = envelope.body((table.unpack or unpack)(elements)) -- luacheck: ignore 143
  end
  return all
end

local function read_all(all, meanwhile)
  local subscription = core.subscription(client, "cache", "topic")
  local number = 0
  for _, body in ipairs(all) do
    subscription:feed(body)
    while true do
      local kind, message = subscription:next()
      if kind == nil then break end
      assert.equal("message", kind)
      number = number + 1
      local letter = (number - 1) % 7 + 1
      local value = ("%d %s%s"):format(number, string.char(96 + letter):rep(letter * 13),
        letter == 3 and '"\n' or "")
      assert.is_true(value == message.value)
      assert.is_true(message.sequence_number == number and message.sequence_page == 5)
      assert.equal(letter == 5 and "p" .. number or nil, message.publisher_id)
      if meanwhile then meanwhile(subscription) end
    end
  end
  return number
end

describe("momento.core and the collector", function()
  local modes = {
    { "as it comes", function() return function() end end },
    { "always at work", function()
      local pause, stepmul = collectgarbage("setpause", 0), collectgarbage("setstepmul", 1000)
      return function()
        collectgarbage("setpause", pause)
        collectgarbage("setstepmul", stepmul)
      end
    end },
    { "generational", function()
      if not pcall(collectgarbage, "generational") then return function() end end
      return function() collectgarbage "incremental" end
    end },
    { "stopped, stepping by hand", function()
      collectgarbage "stop"
      return function() collectgarbage "restart" end
    end, function() collectgarbage("step", 1) end },
    { "collecting after each message", function() return function() end end,
      function() collectgarbage() end },
  }
  for _, mode in ipairs(modes) do
    it("reads the same, " .. mode[1], function()
      finally(mode[2]())
      assert.equal(28, read_all(bodies(4, 13), mode[3]))
    end)
  end

  it("holds the body as long as it is read, and no longer", function()
    local subscription, held = subscribe_to_much(envelope.text(2, 5, "y"))
    subscription:next()
    assert.is_true(kilobytes() > held - 1000)
    assert.equal("y", select(2, subscription:next()).value)
    assert.is_true(kilobytes() < held - 4000)
    assert.is_nil((subscription:next()))
  end)

  for _, how in ipairs { "close", "feed", "fault" } do
    it("lets the body go at a " .. how, function()
      local subscription, held = subscribe_to_much("oops")
      if how == "fault" then
        subscription:next()
        assert.is_false((subscription:next()))
      else
        subscription[how](subscription, "{}")
      end
      assert.is_true(kilobytes() < held - 4000)
    end)
  end

  it("collects clients and subscriptions nobody holds, with what they hold", function()
    local before = kilobytes()
    for _ = 1, 200 do
      local one = core.client("http://127.0.0.1:1", ("t"):rep(10000))
      local subscription = core.subscription(one, "cache", ("n"):rep(10000))
      subscription:feed(("x"):rep(10000))
      core.state(subscription).client = one
      core.state(one).subscription = subscription
    end
    assert.is_true(kilobytes() < before + 500)
  end)

  for _, meddle in ipairs { "close", "feed" } do
    it("lets a finalizer " .. meddle .. " a subscription while it is read", function()
      local release, restore = hold_back()
      finally(restore)
      local all = bodies(2, 1000)
      local subscription, reading
      local met = 0
      local function finalizer()
        if not reading then return end
        met = met + 1
        reading = false
        subscription[meddle](subscription, all[2])
        collectgarbage() -- takes the body, if nothing holds it
      end
      for _ = 1, 5 do
        subscription = core.subscription(client, "cache", "topic")
        subscription:feed(all[1] .. "\n") -- held by nobody else
        collectable(finalizer)
        release()
        reading = true
        local kind, message = subscription:next()
        reading = false
        collectgarbage "stop"
        while kind do
          if kind == "message" then
            assert.truthy(message.value:find("^%d+ %l+\"?\n?$"))
          end
          kind, message = subscription:next()
        end
      end
      assert.is_true(met > 0)
    end)
  end

  it("costs little a subscription", function()
    local held = {}
    local before = kilobytes()
    for i = 1, 1000 do held[i] = core.subscription(client, "cache", "topic-" .. i) end
    assert.is_true((kilobytes() - before) / 1000 < 1, "kilobytes each")
    assert.equal(1000, #held)
  end)
end)

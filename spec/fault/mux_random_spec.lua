-- momento.curl under calls in any order against peers in any mood: each ticket has exactly one
-- result, or none when it was cancelled, and nothing is left in the end. A failure names its seed.

local Peer = require "spec.support.peer"
local TlsProxy = require "spec.support.tls_proxy"
local support = require "spec.support.mux"

local answer = Peer.answer

local MOODS = {
  { send = answer(200, "x") },
  { send = answer(200, ("x"):rep(5000)), drip = 500, pause = 0.001 },
  { send = answer(429, "", { "Retry-After: 1" }), close = true },
  { wait = 0.02, send = answer(204) },
  { close = true },
  { reset = true },
  { send = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", close = true },
  { send = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", reset = true },
  { send = "not HTTP at all\r\n\r\n", close = true },
  { send = answer(200, ("x"):rep(20000)) }, -- larger than allowed
  { hold = true },
}

-- The same on every Lua.
local function generator(seed)
  return function(limit)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return math.floor(seed / 65536) % limit + 1
  end
end

local function moods(random)
  local steps = {}
  for i = 1, 150 do steps[i] = MOODS[random(#MOODS)] end
  steps[#steps + 1] = MOODS[1]
  return steps
end

local function run(mux, random)
  local alive, results = {}, 0
  local actions = {
    submit = function()
      local kind = random(2) == 1 and "poll" or "publish"
      local ticket = mux:submit(kind, "/t/" .. random(3), ("b"):rep(random(50)), nil,
        random(4) == 1 and 0.03 or 0.5)
      assert(not alive[ticket], "a ticket given twice")
      alive[ticket] = true
      alive[#alive + 1] = ticket
    end,
    cancel = function()
      local ticket = alive[random(#alive + 1)]
      if not ticket then return end
      assert(mux:cancel(ticket) == (alive[ticket] == true), "a cancellation of what is over")
      alive[ticket] = nil
    end,
    step = function() mux:step(random(10) == 1 and 0.02 or 0) end,
    collect = function()
      local ticket, status, body = mux:collect()
      if not ticket then return end
      assert(alive[ticket], "a result for nobody")
      assert(status == nil or #body <= 10000, "too large a body")
      alive[ticket] = nil
      results = results + 1
    end,
    look = function()
      mux:timeout()
      mux:sent(alive[random(#alive + 1)] or 0)
    end,
  }
  local names = { "submit", "submit", "cancel", "step", "step", "step", "collect", "look" }
  for _ = 1, 500 do actions[names[random(#names)]]() end
  support.step_until(mux, function()
    repeat
      local before = results
      actions.collect()
    until results == before
    return mux:pending() == 0
  end, "the end of everything")
  for ticket in pairs(alive) do
    assert(type(alive[ticket]) == "number", "a request without a result")
  end
end

describe("a mux whose peer has moods", function()
  local peer, proxy

  after_each(function()
    if proxy then proxy:stop() end
    peer:stop()
    peer, proxy = nil, nil
  end)

  teardown(TlsProxy.forget)

  for seed = 1, 3 do
    it("keeps its books, seed " .. seed, function()
      local random = generator(seed)
      peer = Peer.start(moods(random))
      local mux = support.open(peer.url, { max_body = 10000 })
      if seed % 2 == 0 then mux:pollfd() end
      run(mux, random)
      mux:close()
    end)

    it("keeps them over HTTP/2 too, seed " .. seed, function()
      local random = generator(seed + 100)
      peer = Peer.start(moods(random))
      proxy = TlsProxy.start { upstream = peer.url, streams = 3 + seed, requests = 20 * seed }
      local mux = support.open(proxy.url, { ca_file = proxy.ca_file, max_body = 10000 })
      if seed % 2 == 0 then mux:pollfd() end
      run(mux, random)
      mux:close()
    end)
  end
end)

-- The behaviour suite on every loop.

local cases = require "spec.loop.behaviour"
local harness = require "spec.loop.harness"
local momento = require "momento"
local Peer = require "spec.support.peer"
local Topicsd = require "spec.support.topicsd"
local yieldable = require "momento.loop.yieldable"

for _, name in ipairs { "blocking", "scheduler", "update", "cqueues", "luv", "copas" } do
  describe("on the loop " .. name, function()
    local h, server, dead
    local topics, clients, peers = 0, {}, {}

    setup(function()
      h = harness[name]()
      server = Topicsd.start { "--cache", "c" }
      dead = Peer.start { { close = true } }
      dead:stop()
      h.url, h.key, h.dead_url = server.url, server.key, dead.url
      function h.client(options)
        local all = { api_key = server.key, endpoint = server.url, loop = h.loop }
        for key, value in pairs(options or {}) do all[key] = value end
        local client = assert(momento.client(all))
        clients[#clients + 1] = client
        return h.made and h.made(client) or client
      end
      function h.topic(text)
        topics = topics + 1
        return text .. " " .. topics
      end
      function h.answers(status)
        local peer = Peer.start { { send = Peer.answer(status, "{}"), close = true } }
        peers[#peers + 1] = peer
        return peer.url
      end
      function h.restart(signal)
        if signal == "KILL" then server:kill() else server:stop() end
        server:restart()
      end
    end)

    after_each(function()
      for _, client in ipairs(clients) do client:close() end
      for _, peer in ipairs(peers) do peer:stop() end
      clients, peers = {}, {}
    end)

    teardown(function() Topicsd.stop_all() end)

    for _, case in ipairs(cases) do
      it(case[1], function() h.run(function() case[2](h) end) end)
    end
  end)
end

describe("PUC Lua 5.1", function()
  it("has iterators in blocking programs only, as the error says", function()
    if not yieldable.only_through_lua then return end
    local server = Topicsd.start { "--cache", "c" }
    local client = assert(momento.client { api_key = server.key, endpoint = server.url })
    local fine, message
    momento.run(function()
      local subscription = client:subscribe("c", "t")
      fine, message = pcall(function()
        local next_message = subscription
        for _ in next_message do error "not reached" end
      end)
    end)
    assert.is_false(fine)
    assert.truthy(message:find("subscription:receive()", 1, true), message)
    client:close()
    Topicsd.stop_all()
  end)
end)

-- topicsd ends and comes back on the same port, with new pages, under a live subscriber.

local momento = require "momento"
local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local PATIENCE = 30 -- seconds

describe("a subscriber, when topicsd", function()
  local server, client

  before_each(function()
    server = Topicsd.start { "--cache", "c" }
    client = assert(momento.client { api_key = server.api_key })
  end)

  after_each(function()
    client:close()
    server:stop()
  end)

  local ways = {
    { "is killed", function() server:kill() end },
    { "is told to end", function() assert.equal(0, server:stop()) end },
  }
  for _, row in ipairs(ways) do
    it(row[1] .. " and comes back, reports a discontinuity and goes on", function()
      local told = {}
      local subscription = assert(client:subscribe("c", "t", {
        on_discontinuity = function(gap) told[#told + 1] = gap end,
        on_connection_lost = function() told[#told + 1] = "lost" end,
        on_connection_restored = function() told[#told + 1] = "restored" end,
      }))
      for i = 1, 3 do assert(client:publish("c", "t", "before " .. i)) end
      for i = 1, 3 do assert.equal("before " .. i, subscription:receive(PATIENCE).value) end
      local page = subscription:position().sequence_page

      row[2]()
      process.wait_until(function()
        assert.equal("TIMEOUT_ERROR", (select(3, subscription:receive(0.05))))
        return told[1]
      end, PATIENCE, "the loss to be noticed")
      assert.same({ "lost" }, told)

      server:restart()
      -- The topic begins anew when it is used; the poll may come first, and waits on the new page.
      assert(client:publish("c", "t", "after 1"))
      assert(client:publish("c", "t", "after 2"))
      local list = {}
      for i = 1, 2 do
        local message = assert(subscription:receive(PATIENCE))
        list[i] = message.value
        assert.is_true(message.sequence_page > page)
        assert.equal(i == 1, message.discontinuity ~= nil)
      end
      assert.same({ "after 1", "after 2" }, list)
      assert.equal(3, #told)
      local gap = told[2] == "restored" and told[3] or told[2]
      assert.equal(3, gap.last_sequence_number)
      assert.equal(1, gap.new_sequence_number)
      assert.is_true(gap.new_sequence_page > page)
      assert.equal(1, client:stats().discontinuities)
    end)
  end

  it("is down for a while, publishing tells it, and works again afterwards", function()
    assert(client:publish("c", "t", "before"))
    server:stop()
    local fine, _, code = client:publish("c", "t", "meanwhile")
    assert.is_nil(fine)
    assert.equal("CONNECTION_ERROR", code)
    server:restart()
    assert.is_true(client:publish("c", "t", "after"))
  end)
end)

-- Many subscriptions in one process: every message of each, once and in order.

local momento = require "momento"
local Topicsd = require "spec.support.topicsd"

local SUBSCRIPTIONS, MESSAGES = 200, 20
local PATIENCE = 60 -- seconds for one message

describe("momento.run", function()
  teardown(function() Topicsd.stop_all() end)

  it(("serves %d subscriptions at once"):format(SUBSCRIPTIONS), function()
    local server = Topicsd.start { "--cache", "c" }
    local client = assert(momento.client { api_key = server.key, endpoint = server.url })
    local subscribed, received = 0, 0
    momento.run(function()
      for i = 1, SUBSCRIPTIONS do
        local subscription = assert(client:subscribe("c", "topic " .. i))
        subscribed = subscribed + 1
        momento.spawn(function()
          for number = 1, MESSAGES do
            local message, problem = subscription:receive(PATIENCE)
            assert(message, problem)
            assert.equal(("%d of %d"):format(number, i), message.value)
            assert.equal(number, message.sequence_number)
            assert.is_nil(message.discontinuity)
            received = received + 1
          end
          local message, _, code = subscription:receive(0)
          assert.is_nil(message)
          assert.equal("TIMEOUT_ERROR", code)
          subscription:close()
        end)
      end
      for number = 1, MESSAGES do
        for i = 1, SUBSCRIPTIONS do
          assert(client:publish("c", "topic " .. i, ("%d of %d"):format(number, i)))
        end
      end
    end)
    assert.equal(SUBSCRIPTIONS, subscribed)
    assert.equal(SUBSCRIPTIONS * MESSAGES, received)
    local stats = client:stats()
    assert.equal(SUBSCRIPTIONS * MESSAGES, stats.delivered)
    assert.equal(0, stats.duplicates + stats.discontinuities + stats.retries + stats.pending)
    client:close()
  end)
end)

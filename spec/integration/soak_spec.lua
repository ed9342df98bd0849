-- Four processes publish random messages, each to a topic of its own; four others read all topics.
-- Every message arrives at each of them once, in order, byte for byte. SOAK_MESSAGES says how many
-- (`make soak`: 100 000).

local process = require "spec.support.process"
local Topicsd = require "spec.support.topicsd"

local PROCESSES = 4
local COUNT = math.floor(tonumber(os.getenv "SOAK_MESSAGES" or 4000) / PROCESSES)
local PATIENCE = 60 + COUNT / 100 -- seconds

describe("a soak", function()
  it(("of %d messages loses, repeats, swaps and changes none"):format(COUNT * PROCESSES), function()
    local server = Topicsd.start {
      "--cache", "soak",
      -- Room for a subscriber that the system leaves waiting.
      "--max-messages", tostring(COUNT), "--max-bytes", "67108864", "--max-age", "600",
    }
    local function start(role, topic)
      return process.start {
        process.lua, "spec/support/soak.lua", role, topic, COUNT,
        env = { MOMENTO_API_KEY = server.api_key },
      }
    end
    local started = {}
    for i = 1, PROCESSES do started[i] = start("subscribe", PROCESSES) end
    for _, subscriber in ipairs(started) do subscriber:wait_for_output("ready", PATIENCE) end
    for i = 1, PROCESSES do table.insert(started, start("publish", i)) end
    for _, program in ipairs(started) do
      assert.equal(0, program:wait(PATIENCE), program:errors())
      assert.matches("done\n$", program:output())
    end
    server:stop()
  end)
end)

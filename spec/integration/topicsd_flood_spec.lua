-- topicsd with thousands of clients that want nothing, or never say what: others are served, memory
-- stays in proportion, and nothing stays behind. Single clients of every bad kind are in
-- topicsd_abuse_spec.lua.
-- No Lua of this project takes part, so one Lua is enough.
if jit then return end

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

-- As many as both sides have descriptors for; the figures hold for each client.
local COUNT = math.min(5000, tonumber(process.capture "ulimit -Hn") or 5000) - 200

describe("topicsd in a flood", function()
  local server, admin, program

  setup(function()
    local build = os.getenv "BUILD" or "build"
    program = build .. "/bench/pollers"
    process.capture(("mkdir -p '%s/bench' && cc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 "
      .. "-o '%s' bench/pollers.c 2>&1"):format(build, program))
  end)
  before_each(function()
    server = Topicsd.start { "--no-auth", "--admin-port", "0", "--hold", "600" }
    admin = server.process:wait_for_output "admin on (http://[%d.:]+)\n"
  end)
  after_each(function() Topicsd.stop_all() end)

  local function metric(name)
    local _, _, body = http.request(admin .. "/metrics")
    return tonumber(body:match("\ntopicsd_" .. name .. " (%d+)\n"))
  end

  local function memory()
    return process.read_file(("/proc/%d/status"):format(server.pid)):match "VmRSS:%s*(%d+)" * 1024
  end

  local function others_are_served()
    local topic = server.url .. "/topics/my-cache/others"
    for number = 1, 20 do
      assert.equal(204, (http.request(topic, { body = "x" })))
      local status, _, body = http.request(topic .. "?sequence_number=" .. number)
      assert.equal(200, status)
      assert.matches('"topic_sequence_number":' .. number .. ",", body)
    end
  end

  for _, row in ipairs {
    -- what they do, bytes of memory for each at most, whether they wait
    { "wait", 1024, true },
    { "silent", 1024, false },
    { "slow", 2048, false },
  } do
    it(("has room for %d clients that are to %s"):format(COUNT, row[1]), function()
      http.request(server.url .. "/topics/my-cache/warm", { body = "x" })
      local before, connections = memory(), metric "connections"
      local flood = process.start { program, row[1], tostring(server.port), tostring(COUNT),
        stdin = "fifo" }
      flood:wait_for_output("ready", 60)
      process.wait_until(function() return metric "connections" >= connections + COUNT end, 30)
      if row[3] then
        process.wait_until(function() return metric "waiters" == COUNT end, 30, "them to wait")
      end
      local each = (memory() - before) / COUNT
      assert.is_true(each <= row[2], ("%.0f bytes each"):format(each))
      others_are_served()

      flood:kill "KILL"
      process.wait_until(function()
        return metric "connections" <= connections and metric "waiters" == 0
      end, 30, "them to be forgotten")
      flood:wait()
    end)
  end

  it("answers everybody, each by a topic of its own", function()
    local flood = process.start { program, "wait", tostring(server.port), "500", stdin = "fifo" }
    flood:wait_for_output("ready", 60)
    process.wait_until(function() return metric "waiters" == 500 end, 30)
    for number = 0, 499 do
      assert.equal(204, (http.request(("%s/topics/my-cache/idle-%d"):format(server.url, number),
        { body = "x" })))
    end
    -- 500 polls and publishes, and one publish of the flood's own.
    process.wait_until(function() return metric "answers_total" == 1001 end, 30, "1001 answers")
    assert.equal(0, metric "waiters")
    flood:stop()
  end)

  it("is as small as before after a flood of garbage, lies and halves", function()
    local pieces = {
      ("\0\1\2"):rep(10000),
      "POST /topics/my-cache/t HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\nx",
      "POST /topics/my-cache/t HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nx",
      "GET /topics/my-cache/t HTTP/1.1\r\nHost: h\r\nX: " .. ("x"):rep(16000),
      "GET /topics/my-cache/t?sequence_page=1 HTTP/1.1\r\nHost: h\r\n\r\nGET",
    }
    local function pour(times)
      for _ = 1, times do
        local clients = {}
        for i, piece in ipairs(pieces) do
          clients[i] = http.connect("127.0.0.1", server.port)
          clients[i]:send(piece)
        end
        for _, client in ipairs(clients) do client:close() end
      end
    end
    pour(100)
    local before = memory()
    pour(400)
    process.wait_until(function() return metric "connections" <= 1 end, 30, "them to be forgotten")
    assert.is_true(memory() <= before + 1048576)
    others_are_served()
  end)
end)

-- The client inside nginx: in which phases it works and what it says in the others, and that it
-- lets go of its requests when the browser leaves or the worker exits.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Stream = require "spec.support.stream"
local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"
local socket = require "socket"

-- What publish returns in each phase without cosockets, kept for a look at it later.
local elsewhere = [[
location = /elsewhere {
  set_by_lua_block $unused { attempt "set" return "" }
  content_by_lua_block { ngx.say "here" }
  header_filter_by_lua_block { attempt "header_filter" }
  body_filter_by_lua_block { attempt "body_filter" }
  log_by_lua_block { attempt "log" }
}
location = /subscribe {
  content_by_lua_block {
    local subscribe = ngx.var.arg_hub and require "momento.ngx.hub".subscribe or client.subscribe
    local subscription = subscribe(client, "my-cache", ngx.var.arg_topic)
    ngx.say "subscribed"
    ngx.flush(true)
    local message, _, code = subscription:receive()
    ngx.say(message and message.value or code)
  }
}
location = /last-words {
  content_by_lua_block {
    ngx.say "waiting"
    ngx.flush(true)
    while not ngx.worker.exiting() do ngx.sleep(0.01) end
    local published, message = client:publish("my-cache", "last-words", "farewell")
    ngx.say(published and "published" or message)
  }
}
]]

local client = [[
init_by_lua_block {
  client = assert(require "momento".client { api_key = "%s" })
  attempts = {}
  function attempt(phase)
    local published, message, code = client:publish("my-cache", "t", "x")
    attempts[phase] = published and "published" or code .. " " .. message
  end
}
init_worker_by_lua_block { attempt "init_worker" }
]]

-- Connections that are open to a port of this machine.
local function connections_to(port)
  local count, wanted = 0, (":%04X 01"):format(port)
  for line in process.read_file("/proc/net/tcp"):gmatch "[^\n]+" do
    if line:match "^%s*%d+: %x+:%x+ %x+(:%x+ %x+)" == wanted then count = count + 1 end
  end
  return count
end

describe("in nginx the client", function()
  local topicsd, nginx

  setup(function() topicsd = Topicsd.start { "--hold", "30" } end)
  teardown(Topicsd.stop_all)

  before_each(function()
    nginx = Nginx.start { http = client:format(topicsd.api_key), server = elsewhere }
  end)
  after_each(function() nginx:stop() end)

  for _, phase in ipairs { "rewrite", "access", "content", "timer" } do
    it("publishes and subscribes in " .. phase, function()
      assert.same({ "hello", 2, "timeout" }, { nginx:run(phase, [[
        local topic = "in-%s"
        local subscription = assert(client:subscribe("my-cache", topic))
        assert(client:publish("my-cache", topic, "hello"))
        local first = assert(subscription:receive(20))
        assert(client:publish("my-cache", topic, "\0\1", { binary = true }))
        local second = assert(subscription:receive(20))
        local _, nothing = subscription:receive(0)
        subscription:close()
        return first.value, #second.value, nothing
      ]], phase) })
    end)
  end

  it("says where else to go in a phase without cosockets", function()
    assert.equal(200, (http.request(nginx.url .. "/elsewhere")))
    local phases = { "init_worker", "set", "header_filter", "body_filter", "log" }
    process.wait_until(function() return nginx:run("content", "return attempts.log") end)
    for _, phase in ipairs(phases) do
      local said = nginx:run("content", "return attempts[%q]", phase)
      assert.equal(('INVALID_ARGUMENT_ERROR nginx has no cosockets in the phase "%s": move this '
        .. "into ngx.timer.at(0, ...), or into rewrite, access or content"):format(phase), said)
    end
  end)

  it("tells a subscription of such a phase as well, at its first receive", function()
    local message, code = nginx:run("content", [[
      local get_phase = ngx.get_phase
      ngx.get_phase = function() return "log" end
      local subscription = client:subscribe("my-cache", "t")
      local _, hub_message = require "momento.ngx.hub".subscribe(client, "my-cache", "t")
      local _, message, code = subscription:receive(5)
      ngx.get_phase = get_phase
      assert(message == hub_message)
      return message, code
    ]])
    assert.truthy(message:find("ngx.timer.at(0, ...)", 1, true))
    assert.equal("INVALID_ARGUMENT_ERROR", code)
  end)

  it("does not load libcurl", function()
    assert.is_nil(nginx:run("content", [[return package.loaded["momento.curl"] ]]))
  end)

  it("goes on with a subscription that another request began", function()
    assert.equal("two", nginx:run("content", [[
      local kept, done
      ngx.timer.at(0, function()
        local subscription = client:subscribe("my-cache", "kept")
        assert(client:publish("my-cache", "kept", "one"))
        assert(subscription:receive(20))
        subscription:receive(0)
        kept = subscription
        while not done do ngx.sleep(0.01) end
      end)
      while not kept do ngx.sleep(0.01) end
      assert(client:publish("my-cache", "kept", "two"))
      local message = assert(kept:receive(20))
      done = true
      kept:close()
      return message.value
    ]]))
  end)

  for path, what in pairs {
    ["/subscribe?topic=left"] = "its poll when the browser leaves",
    ["/subscribe?topic=left&hub=1"] = "the hub's poll when the last browser leaves",
  } do
    it("frees " .. what, function()
      local streams = {}
      for index = 1, 3 do
        streams[index] = Stream.open(nginx, path)
        assert.equal("subscribed", streams[index]:line())
      end
      process.wait_until(function() return connections_to(topicsd.port) > 0 end)
      for _, stream in ipairs(streams) do stream:close() end
      process.wait_until(function() return connections_to(topicsd.port) == 0 end)
    end)
  end

  for signal, ending in pairs { QUIT = "nginx", HUP = "the worker" } do
    it("lets go when " .. ending .. " ends", function()
      local streams = {}
      for index = 1, 20 do
        streams[index] = Stream.open(nginx, "/subscribe?topic=ending")
        assert.equal("subscribed", streams[index]:line())
      end
      local worker, before = nginx:workers()[1], socket.gettime()
      nginx:signal(signal)
      for _, stream in ipairs(streams) do assert.equal("CANCELLED_ERROR", stream:line()) end
      local stat = ("/proc/%d/stat"):format(worker)
      process.wait_until(function() return not process.read_file(stat) end)
      assert.is_true(socket.gettime() - before < 10)
    end)
  end

  it("still publishes while its worker exits", function()
    local stream = Stream.open(nginx, "/last-words")
    assert.equal("waiting", stream:line())
    nginx:signal "QUIT"
    assert.equal("published", stream:line())
  end)
end)

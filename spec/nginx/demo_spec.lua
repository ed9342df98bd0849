-- `make demo-nginx`: says where the chat site is, serves it, and leaves nothing behind.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"
local socket = require "socket"

describe("make demo-nginx", function()
  it("serves the chat site until Ctrl-C", function()
    local temporary, topicsd = process.directory(), Topicsd.start {}
    local demo, url
    -- The port is free when it is looked for; another process may still be quicker.
    for _ = 1, 5 do
      local listener = assert(socket.bind("127.0.0.1", 0))
      local _, port = listener:getsockname()
      listener:close()
      local env = Nginx.environment()
      env.MOMENTO_ENDPOINT, env.MOMENTO_API_KEY = topicsd.url, topicsd.api_key
      env.PORT, env.TMPDIR = tostring(port), temporary
      demo = process.start { "tools/demo_nginx.sh", env = env }
      url = process.wait_until(function()
        return demo:output():match "chat site on (http://%S-)/ " or demo:exit_code()
      end, 60, function() return "the demo; " .. demo:output() .. demo:errors() end)
      if type(url) == "string" then break end
      assert.truthy(demo:errors():find("Address already in use", 1, true), demo:errors())
    end
    assert.equal(200, (http.request(url .. "/")))
    assert.equal(204, (http.request(url .. "/say", {
      body = '{"id":"1","name":"Ann","text":"hello"}',
      headers = { ["Content-Type"] = "application/json" },
    })))
    demo:kill "INT"
    assert.equal(0, demo:wait(30))
    assert.equal("", process.capture("ls " .. temporary))
    topicsd:stop()
  end)
end)

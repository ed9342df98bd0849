-- make conformance: topicsd keeps every rule of doc/protocol.md, and each rule notices a server
-- that does not. curl and Lua take part, momento.curl only to wait: one Lua is enough.
if jit then return end

local Peer = require "spec.support.peer"
local TlsProxy = require "spec.support.tls_proxy"
local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

local KEY = "a/secret+key"

describe("make conformance", function()
  local directory, watched

  -- A curl that writes down its arguments first.
  setup(function()
    directory = process.directory()
    watched = directory .. "/arguments"
    local real = process.capture "command -v curl"
    local file = assert(io.open(directory .. "/curl", "w"))
    file:write(("#!/bin/sh\necho \"$@\" >>%s\nexec %s \"$@\"\n"):format(watched, real))
    file:close()
    process.capture("chmod +x " .. directory .. "/curl")
  end)
  teardown(function()
    TlsProxy.forget()
    Topicsd.stop_all()
  end)

  -- The exit code, and the outcome and rule of each line.
  local function run(url, settings)
    local env = { URL = url, KEY = KEY, PATH = directory .. ":" .. os.getenv "PATH" }
    for name, value in pairs(settings or {}) do env[name] = value end
    local child = process.start { process.lua, "tools/conformance.lua", env = env }
    local code = child:wait(120)
    local text = child:output() .. child:errors()
    local outcomes = {}
    for outcome, rule in text:gmatch "([%l ]-) +(%d  %l+ +[^\n]+)\n" do
      outcomes[#outcomes + 1] = { outcome = outcome, rule = rule }
    end
    return code, outcomes, text
  end

  local function count(outcomes, wanted)
    local number = 0
    for _, line in ipairs(outcomes) do
      if line.outcome == wanted then number = number + 1 end
    end
    return number
  end

  it("finds that topicsd keeps all, and never shows the key", function()
    local server = Topicsd.start { "--api-key", KEY, "--hold", "5" }
    local code, outcomes, text = run(server.url, { KEY = server.api_key, HOLD = "1" })
    assert.equal(#outcomes, count(outcomes, "kept"), text)
    assert.equal(0, code)
    assert.is_true(#outcomes > 60)
    for _, source in ipairs { "documented", "seen", "inferred" } do assert.matches(source, text) end

    local arguments = process.read_file(watched)
    local _, requests = arguments:gsub("\n", "")
    assert.is_true(requests > #outcomes)
    local log = server:log():gsub("export[^\n]*", "")
    for _, secret in ipairs { KEY, server.api_key } do
      assert.is_nil((text .. arguments .. log):find(secret, 1, true))
    end
  end)

  it("waits where a server limits the rate", function()
    local server = Topicsd.start { "--api-key", KEY, "--operations-per-second", "4" }
    local code, outcomes, text = run(server.url, { SECTION = "7" })
    assert.equal(0, code, text)
    assert.equal(2, #outcomes)
  end)

  it("goes over https", function()
    local server = Topicsd.start { "--api-key", KEY }
    local proxy = TlsProxy.start { upstream = server.url }
    local code, outcomes, text = run(proxy.url, { SECTION = "7", CURL_CA_BUNDLE = proxy.ca_file })
    assert.equal(0, code, text)
    assert.equal(2, #outcomes)
    assert.equal(1, (run(proxy.url, { SECTION = "7", CURL_CA_BUNDLE = "/dev/null" })))
    proxy:stop()
  end)

  it("finds every rule broken by a server that answers the same to all", function()
    local peer = Peer.start { { send = Peer.answer(299, '{"items":[]}') } }
    local code, outcomes, text = run(peer.url, { KEY = Topicsd.start({}).api_key, HOLD = "1" })
    peer:stop()
    assert.equal(#outcomes, count(outcomes, "broken"), text)
    assert.is_true(#outcomes > 60)
    assert.equal(1, code)
  end)

  for _, row in ipairs {
    -- a fault of topicsd, the section, a rule that it breaks
    { { fault = "duplicate" }, "2", "messages come in the order of their numbers" },
    { { fault = "skip" }, "2", "a message has number, page and value" },
    { { fault = "malformed" }, "2", "a text comes back as it is: quotes, backslashes, controls" },
    { { fault = "close", ["fault-rpcs"] = "topic-publish" }, "7", "a message may have 4 KiB" },
    { { ["return-error"] = "403" }, "5", "an error is a JSON object that says why" },
  } do
    local name, value = next(row[1])
    it(("finds %q broken by %s %s"):format(row[3], name, value), function()
      local server = Topicsd.start { "--api-key", KEY, "--faults", "--admin-port", "0" }
      local admin = server.process:wait_for_output "admin on (http://[%d.:]+)\n"
      assert.equal(204, (http.request(admin .. "/faults", { method = "POST", headers = row[1] })))
      local code, outcomes, text = run(server.url, { SECTION = row[2] })
      local found
      for _, line in ipairs(outcomes) do
        if line.rule:sub(-#row[3]) == row[3] then found = line.outcome end
      end
      assert.equal("broken", found, text)
      assert.equal(1, code)
      server:stop()
    end)
  end

  it("says what it needs", function()
    local code, _, text = run(nil, { KEY = false, MOMENTO_API_KEY = false })
    assert.equal(2, code)
    assert.matches("KEY=", text)
    assert.equal(2, (run("http://127.0.0.1:1", { SECTION = "99" })))
  end)

  it("has no key in what make hands to the shell", function()
    local commands = process.capture("env -u MAKEFLAGS -u MAKELEVEL make -n conformance "
      .. "URL=http://127.0.0.1:1 KEY=not-to-be-seen 2>&1")
    assert.matches("tools/conformance%.lua", commands)
    assert.is_nil(commands:find("not-to-be-seen", 1, true))
  end)
end)

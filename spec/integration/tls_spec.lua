-- The client and topicsd with TLS between them: certificates are verified, always.

local momento = require "momento"
local TlsProxy = require "spec.support.tls_proxy"
local Topicsd = require "spec.support.topicsd"

local PATIENCE = 30 -- seconds

-- A proxy may let a publish overtake a poll.
local FROM_THE_START = { resume = { sequence_number = 0, sequence_page = 0 } }

describe("a client over TLS", function()
  local server, proxy, client

  local function connect(options)
    options.api_key, options.endpoint = server.key, proxy.url
    client = assert(momento.client(options))
  end

  setup(function()
    server = Topicsd.start { "--cache", "c" }
    proxy = TlsProxy.start { upstream = server.url }
  end)

  after_each(function() client:close() end)

  teardown(function()
    proxy:stop()
    TlsProxy.forget()
  end)

  it("publishes and subscribes when it trusts the certificate", function()
    connect { ca_file = proxy.ca_file }
    local subscription = assert(client:subscribe("c", "t", FROM_THE_START))
    for i = 1, 5 do
      assert(client:publish("c", "t", "m" .. i))
      assert.equal("m" .. i, assert(subscription:receive(PATIENCE)).value)
    end
  end)

  it("holds many subscriptions in one run", function()
    connect { ca_file = proxy.ca_file }
    local got = 0
    momento.run(function()
      for i = 1, 50 do
        local subscription = assert(client:subscribe("c", "many " .. i, FROM_THE_START))
        momento.spawn(function()
          assert.equal("v" .. i, assert(subscription:receive(PATIENCE)).value)
          got = got + 1
        end)
      end
      for i = 1, 50 do assert(client:publish("c", "many " .. i, "v" .. i)) end
    end)
    assert.equal(50, got)
  end)

  it("does not publish, nor subscribe, nor try again, when it does not", function()
    connect {}
    local fine, message, code, detail = client:publish("c", "t", "v")
    assert.is_nil(fine)
    assert.matches("certificate", message)
    assert.equal("CONNECTION_ERROR", code)
    assert.is_false(detail.retryable)
    assert.equal(0, client:stats().publish_retries)
    local subscription = assert(client:subscribe("c", "t"))
    local received, text, kind, why = subscription:receive(PATIENCE)
    assert.is_nil(received)
    assert.matches("certificate", text)
    assert.equal("CONNECTION_ERROR", kind)
    assert.is_false(why.retryable)
    assert.equal(1, client:stats().polls)
  end)
end)

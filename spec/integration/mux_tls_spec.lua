-- momento.curl over TLS, behind nginx: certificates, and polls that share connections over HTTP/2
-- without ever waiting for each other's answers.

local Peer = require "spec.support.peer"
local TlsProxy = require "spec.support.tls_proxy"
local support = require "spec.support.mux"

local unpack = table.unpack or unpack

local answer = Peer.answer

describe("a mux over TLS", function()
  local peer, proxy, mux

  local function start(steps, options)
    peer = Peer.start(steps)
    options = options or {}
    options.upstream = peer.url
    proxy = TlsProxy.start(options)
    mux = support.open(proxy.url, { ca_file = proxy.ca_file })
  end

  local function submit(count)
    for i = 1, count do assert(mux:submit("poll", "/topics/c/" .. i, nil, nil, 120)) end
  end

  -- Steps until the peer has so many requests; none of them has been answered by then.
  local function wait_for_requests(count)
    support.step_until(mux, function()
      return #peer:requests() >= count
    end, function() return ("%d requests; %d came"):format(count, #peer:requests()) end)
  end

  -- { protocol = how many requests }, and over how many connections they came.
  local function arrivals()
    local protocols, connections, count = {}, {}, 0
    for _, request in ipairs(peer:requests()) do
      local protocol = request:match "\r\nX%-Protocol: ([^\r]+)"
      local connection = request:match "\r\nX%-Connection: (%d+)"
      protocols[protocol] = (protocols[protocol] or 0) + 1
      if not connections[connection] then count = count + 1 end
      connections[connection] = true
    end
    return protocols, count
  end

  after_each(function()
    if mux then mux:close() end
    if proxy then proxy:stop() end
    if peer then peer:stop() end
    mux, proxy, peer = nil, nil, nil
  end)

  teardown(TlsProxy.forget)

  it("polls over HTTP/2 and publishes over HTTP/1.1", function()
    start { { send = answer(200, "x") } }
    assert.same({ 200, "x" }, { support.exchange(mux, "poll") })
    assert.same({ 200, "x" }, { support.exchange(mux, "publish", "hello", "text/plain") })
    assert.same({ ["HTTP/2.0"] = 1, ["HTTP/1.1"] = 1 }, (arrivals()))
    assert.matches("\r\n\r\nhello$", peer:requests()[2])
  end)

  it("polls over HTTP/1.1 when told so", function()
    start { { send = answer(200, "x") } }
    mux:close()
    mux = support.open(proxy.url, { ca_file = proxy.ca_file, http2 = false })
    support.exchange(mux, "poll")
    assert.same({ ["HTTP/1.1"] = 1 }, (arrivals()))
  end)

  it("keeps target, headers and answers as they are over HTTP/2", function()
    start { { send = answer(429, '{"a":1}', { "Retry-After: 3" }) } }
    local target = "/topics/a%2Fb/%C3%A4?sequence_number=18446744073709551615&sequence_page=2"
    local ticket = mux:submit("poll", target, nil, nil, 20)
    assert.same({ ticket, 429, '{"a":1}', 3 }, support.collect(mux))
    local request = peer:requests()[1]
    assert.equal(target, request:match "^GET (%S+) ")
    assert.matches("\r\n[Aa]uthorization: token\r\n", request)
  end)

  it("takes large answers over HTTP/2", function()
    local body = ("0123456789"):rep(50000)
    start { { send = answer(200, body) } }
    for _ = 1, 3 do
      local status, got = support.exchange(mux, "poll")
      assert.equal(200, status)
      assert.is_true(got == body)
    end
  end)

  it("takes long and short answers in turn while another poll waits", function()
    local lengths = { 0, 5000, 10, 40000, 1024, 1025 }
    local steps = { { hold = true } }
    for i, length in ipairs(lengths) do steps[i + 1] = { send = answer(200, ("x"):rep(length)) } end
    start(steps)
    submit(1)
    wait_for_requests(1)
    for _, length in ipairs(lengths) do
      local status, body = support.exchange(mux, "poll")
      assert.same({ 200, length }, { status, #body })
    end
    assert.same({ { ["HTTP/2.0"] = 7 }, 1 }, { arrivals() })
  end)

  it("has many polls wait on one connection", function()
    start { { hold = true } }
    submit(100)
    wait_for_requests(100)
    assert.same({ { ["HTTP/2.0"] = 100 }, 1 }, { arrivals() })
  end)

  it("makes another connection when one takes no more", function()
    start { { hold = true } }
    submit(300)
    wait_for_requests(300)
    local protocols, connections = arrivals()
    assert.same({ ["HTTP/2.0"] = 300 }, protocols)
    assert.is_true(connections >= 3 and connections <= 6, connections .. " connections")
  end)

  for _, streams in ipairs { 5, 1 } do
    it(("never has a poll wait for another's answer, %d a connection"):format(streams), function()
      start({ { hold = true } }, { streams = streams })
      submit(30)
      wait_for_requests(30)
      local _, connections = arrivals()
      assert.is_true(connections >= 30 / streams)
    end)
  end

  it("gives every poll a connection when the server speaks HTTP/1.1 only", function()
    start({ { hold = true } }, { http2 = false })
    submit(60)
    wait_for_requests(60)
    assert.same({ { ["HTTP/1.1"] = 60 }, 60 }, { arrivals() })
  end)

  it("lets those that come later join", function()
    start { { send = answer(200) }, { hold = true } }
    support.exchange(mux, "poll")
    for i = 1, 5 do
      submit(10)
      wait_for_requests(1 + 10 * i)
    end
    assert.same({ { ["HTTP/2.0"] = 51 }, 1 }, { arrivals() })
  end)

  it("loses nothing when the server retires its connections", function()
    start({ { send = answer(200, "x") } }, { requests = 7 })
    for _ = 1, 5 do
      submit(10)
      for _ = 1, 10 do assert.same({ 200, "x" }, { select(2, unpack(support.collect(mux))) }) end
    end
    for _ = 1, 20 do assert.same({ 200, "x" }, { support.exchange(mux, "poll") }) end
  end)

  it("fails them all together when the server goes", function()
    start { { hold = true } }
    submit(40)
    wait_for_requests(40)
    proxy:stop()
    for _ = 1, 40 do
      local result = support.collect(mux)
      assert.equal("CONNECTION_ERROR", result[4])
      assert.is_true(result[5].retryable)
    end
    assert.equal(0, mux:pending())
  end)

  it("cancels those that are held back and the one they wait for", function()
    start { { send = answer(200, "x") } }
    local tickets = {}
    for i = 1, 10 do tickets[i] = mux:submit("poll", "/t", nil, nil, 60) end
    assert.equal(10, mux:pending())
    for i = 1, 9 do assert.is_true(mux:cancel(tickets[i])) end
    assert.same({ tickets[10], 200, "x" }, support.collect(mux))
    assert.equal(0, mux:pending())
  end)

  it("lets those that are held back time out by their own clock", function()
    -- A peer that takes the connection and never shakes hands.
    peer = Peer.start { { hold = true } }
    mux = support.open("https://127.0.0.1:" .. peer.port, { connect_timeout = 60 })
    mux:pollfd()
    local first = mux:submit("poll", "/t", nil, nil, 60)
    local held = mux:submit("poll", "/t", nil, nil, 0.3)
    assert.is_true(mux:timeout() <= 0.3)
    local result = support.collect(mux)
    assert.same({ held, "TIMEOUT_ERROR" }, { result[1], result[4] })
    assert.same({ transport = 28, retryable = true, unsent = true }, result[5])
    assert.equal(1, mux:pending())
    assert.is_false(mux:sent(first))
  end)

  it("closes while polls wait for a connection", function()
    peer = Peer.start { { hold = true } }
    mux = support.open("https://127.0.0.1:" .. peer.port)
    submit(10)
    mux:step(0.01)
  end)

  describe("refuses", function()
    local function failure(url, options, kind)
      mux = support.open(url, options)
      local ticket = mux:submit(kind, "/t", nil, nil, 20)
      local result = support.collect(mux)
      mux:close()
      assert.same({ ticket, nil, "CONNECTION_ERROR" }, { result[1], result[2], result[4] })
      assert.is_true(result[5].unsent)
      return result[3], result[5].retryable
    end

    it("a certificate that does not verify, for good", function()
      start { { send = answer(200) } }
      mux:close()
      for _, kind in ipairs { "poll", "publish" } do
        local message, retryable = failure(proxy.url, {}, kind)
        assert.is_false(retryable)
        assert.matches("certificate does not verify.*ca_file", message)
        message, retryable = failure(proxy.url, { ca_file = "/nowhere" }, kind)
        assert.is_false(retryable)
        assert.matches("no usable file of authorities", message)
      end
      assert.same({}, peer:requests())
    end)

    it("a certificate of another host, for good", function()
      start { { send = answer(200) } }
      mux:close()
      local url = "https://localhost:" .. proxy.port
      local message, retryable = failure(url, { ca_file = proxy.ca_file }, "publish")
      assert.is_false(retryable)
      assert.matches("check the endpoint's host name", message)
    end)

    it("a server that speaks no TLS", function()
      peer = Peer.start { { at_connect = true, send = answer(400), close = true } }
      local message, retryable = failure("https://127.0.0.1:" .. peer.port, {}, "poll")
      assert.is_true(retryable)
      assert.matches("TLS handshake failed.*check that the port speaks TLS", message)
    end)
  end)

  it("survives a server that goes while it writes", function()
    -- A write to a closed connection must be an error, not SIGPIPE.
    start { { send = answer(204) } }
    support.exchange(mux, "publish", "x")
    proxy.process:kill "STOP"
    mux:submit("publish", "/t", ("x"):rep(20000000), nil, 60)
    mux:step(0)
    proxy.process:kill "KILL"
    local result = support.collect(mux)
    assert.equal("CONNECTION_ERROR", result[4])
    assert.is_nil(result[5].unsent)
  end)
end)

-- Publishing against a peer that misbehaves: every row of protocol section 5, over real sockets.
-- What matters as much as the error: a publish is never sent twice, and the next one works.

local momento = require "momento"
local Peer = require "spec.support.peer"
local process = require "spec.support.process"

local TOKEN = "s3cret"
local DONE = { send = "HTTP/1.1 204 No Content\r\n\r\n" }

local function connect(url, options)
  local all = { api_key = TOKEN, endpoint = url, timeout = 20 }
  for name, value in pairs(options or {}) do all[name] = value end
  return assert(momento.client(all))
end

local function body(status, text, headers)
  return { send = Peer.answer(status, text, headers) }
end

describe("publish", function()
  local client, peer

  local function start(...)
    peer = Peer.start { ... }
    client = connect(peer.url)
  end

  after_each(function()
    if client then client:close() end
    if peer then peer:stop() end
    client, peer = nil, nil
  end)

  it("sends what it should", function()
    start(DONE)
    assert(client:publish("c", "a b", "héllo"))
    local request = peer:wait_for_requests(1)[1]
    assert.matches("^POST /topics/c/a%%20b HTTP/1.1\r\n", request)
    assert.matches("\r\nAuthorization: s3cret\r\n", request, 1, true)
    assert.matches("\r\nUser%-Agent: lua%-momento/%d", request)
    assert.matches("\r\nContent%-Type: text/plain", request)
    assert.matches("\r\n\r\nhéllo", request, 1, true)
  end)

  local problem = '{"status":1,"title":"T","detail":"the reason","err":"x"}'
  local answers = {
    { "400", body(400, problem), "BAD_REQUEST_ERROR", 400, false, "the reason" },
    { "401", body(401, problem), "AUTHENTICATION_ERROR", 401, false, "the reason" },
    { "403", body(403, problem), "PERMISSION_ERROR", 403, false, "the reason" },
    { "404", body(404, "Cache not found"), "NOT_FOUND_ERROR", 404, false, "Cache not found" },
    { "408", body(408, problem), "TIMEOUT_ERROR", 408, true, "the reason" },
    { "429", body(429, problem, { "Retry-After: 7" }), "LIMIT_EXCEEDED_ERROR", 429, true,
      "the reason", 7 },
    { "500", body(500, problem), "INTERNAL_SERVER_ERROR", 500, true, "the reason" },
    { "502", body(502, ""), "SERVER_UNAVAILABLE", 502, true, "502" },
    { "503", body(503, problem, { "Retry-After: 3" }), "SERVER_UNAVAILABLE", 503, true,
      "the reason", 3 },
    { "504", body(504, problem), "SERVER_UNAVAILABLE", 504, true, "the reason" },
    { "another 4xx", body(418, problem), "UNKNOWN_SERVICE_ERROR", 418, false, "the reason" },
    { "another 5xx", body(599, problem), "UNKNOWN_SERVICE_ERROR", 599, true, "the reason" },
    { "an unexpected 2xx", body(200, "hi"), "UNKNOWN_SERVICE_ERROR", 200, false, "hi" },
    { "a redirect, which is not followed", body(307, "", { "Location: /other" }),
      "UNKNOWN_SERVICE_ERROR", 307, false, "307" },
    { "an error that quotes the token", body(401, "bad s3cret"), "AUTHENTICATION_ERROR", 401,
      false, "bad ***" },
    { "no HTTP", { send = "SSH-2.0-OpenSSH_9.2\r\n", close = true }, nil, nil, nil, nil },
    { "a status line cut short", { send = "HTTP/1.1 20", close = true }, nil, nil, nil, nil },
    { "a closed connection", { close = true }, "CONNECTION_ERROR", nil, true, nil },
    { "a reset connection", { reset = true }, "CONNECTION_ERROR", nil, true, nil },
  }
  for _, row in ipairs(answers) do
    it("returns what came of " .. row[1] .. ", was sent once, and the next one works", function()
      start(row[2], DONE)
      local fine, message, code, detail = client:publish("c", "t", "first")
      assert.is_nil(fine)
      assert.is_string(message)
      assert.is_nil(message:find(TOKEN, 1, true))
      if row[3] then assert.equal(row[3], code, message) end
      assert.equal(row[4], detail.status)
      if row[5] ~= nil then assert.equal(row[5], detail.retryable) end
      if row[6] then assert.matches(row[6], message, 1, true) end
      assert.equal(row[7], detail.retry_after)
      assert.is_true(client:publish("c", "t", "second"))
      local requests = peer:wait_for_requests(2)
      assert.equal(2, #requests)
      assert.matches("first$", requests[1])
      assert.matches("second$", requests[2])
    end)
  end

  it("is not sent again when a kept connection breaks after it was written", function()
    start(DONE, { reset = true }, DONE)
    assert.is_true(client:publish("c", "t", "first"))
    local fine, _, code = client:publish("c", "t", "second")
    assert.is_nil(fine)
    assert.equal("CONNECTION_ERROR", code)
    assert.is_true(client:publish("c", "t", "third"))
    assert.equal(3, #peer:wait_for_requests(3))
  end)

  it("returns TIMEOUT_ERROR when no answer comes in time, and is not sent again", function()
    start({ hold = true }, DONE)
    local fine, message, code, detail = client:publish("c", "t", "first", { timeout = 0.2 })
    assert.is_nil(fine)
    assert.is_string(message)
    assert.equal("TIMEOUT_ERROR", code)
    assert.is_true(detail.retryable)
    assert.is_true(client:publish("c", "t", "second"))
    assert.equal(2, #peer:wait_for_requests(2))
  end)

  it("takes an answer that comes a byte at a time", function()
    start({ send = DONE.send, drip = 1, pause = 0.001 }, DONE)
    assert.is_true(client:publish("c", "t", "first"))
    assert.is_true(client:publish("c", "t", "second"))
  end)

  it("returns CONNECTION_ERROR when nobody listens, having tried again", function()
    start(DONE)
    local url = peer.url
    peer:stop()
    local fine, message, code, detail = client:publish("c", "t", "v")
    assert.is_nil(fine)
    assert.matches(url:match "127.0.0.1:%d+", message, 1, true)
    assert.equal("CONNECTION_ERROR", code)
    assert.is_true(detail.retryable)
    assert.is_true(detail.unsent)
    assert.is_number(detail.transport)
    assert.equal(3, client:stats().publish_retries)
  end)

  it("returns CONNECTION_ERROR, not to be tried again, for a peer without TLS", function()
    start { hold = true, send = "HTTP/1.1 400 No\r\n\r\n", at_connect = true }
    local secure = connect((peer.url:gsub("http:", "https:")))
    local fine, _, code = secure:publish("c", "t", "v")
    assert.is_nil(fine)
    assert.equal("CONNECTION_ERROR", code)
    secure:close()
    assert.same({}, peer:requests())
  end)

  it("takes 100 KB, and gives up an answer larger than max_body", function()
    peer = Peer.start { DONE, body(400, ("x"):rep(300000)), DONE }
    client = connect(peer.url, { max_body = 200000 })
    assert.is_true(client:publish("c", "t", ("v"):rep(100000)))
    local fine, message, code = client:publish("c", "t", "v")
    assert.is_nil(fine)
    assert.is_string(message)
    assert.equal("UNKNOWN_SERVICE_ERROR", code)
    assert.is_true(client:publish("c", "t", "v"))
  end)

  it("works again when the server is back", function()
    start(DONE)
    local port = peer.port
    peer:stop()
    assert.is_nil((client:publish("c", "t", "v", { timeout = 0.01 })))
    assert.is_number(port)
    peer = Peer.start { DONE }
    client:close()
    client = connect(peer.url)
    assert.is_true(client:publish("c", "t", "v"))
    process.wait_until(function() return #peer:requests() == 1 end)
  end)
end)

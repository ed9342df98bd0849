-- The cosocket transport against a peer that misbehaves: each answer has its stated result, and
-- only a connection that holds nothing more goes back to the pool.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Peer = require "spec.support.peer"

local HEAD = "HTTP/1.1 200 OK\r\n"
local CHUNKED = HEAD .. "Transfer-Encoding: chunked\r\n\r\n"
local OK = HEAD .. "Content-Length: 2\r\n\r\nok"

local CONNECTION, SERVICE, TIMEOUT = "CONNECTION_ERROR", "UNKNOWN_SERVICE_ERROR", "TIMEOUT_ERROR"

-- One request to a peer; gives what wait() gave, and whether the connection was kept in the pool.
local exchange = [[
  local Transport = require "momento.transport.ngx"
  local kind, timeout, count = %q, %g, %d
  local transport = assert(Transport.new {
    origin = %q, authorization = "key", user_agent = "spec", connect_timeout = 5, max_body = 1000,
  })
  local status, body, code, detail
  for _ = 1, count do
    if kind == "publish" then
      status, body, code, detail = transport:publish("/topics/c/t", "value", "text/plain", timeout)
    else
      local ticket = assert(transport:poll "/topics/c/t")
      status, body, code, detail = transport:wait(ticket, transport:now() + timeout)
    end
  end
  local socket = ngx.socket.tcp()
  local kept = socket:connect("127.0.0.1", transport.port_, { pool = transport.pool_ })
    and socket:getreusedtimes() > 0
  socket:close()
  return status, body, code, detail, kept, transport:pending()
]]

local rows = {
  -- name, what the peer does, status and body or code and message, whether the connection is kept
  { "an answer", { send = OK }, 200, "ok", true },
  { "204", { send = "HTTP/1.1 204 No Content\r\n\r\n" }, 204, "", true },
  { "an error's body", { send = Peer.answer(404, "no") }, 404, "no", true },
  { "one byte at a time", { send = OK, drip = 1, pause = 0.001 }, 200, "ok", true },
  { "interim answers", { send = "HTTP/1.1 100 Continue\r\n\r\n" .. OK }, 200, "ok", true },
  { "chunks with extensions and trailers",
    { send = CHUNKED .. "1;a=b\r\no\r\n1\r\nk\r\n0\r\nDigest: x\r\n\r\n", drip = 3 },
    200, "ok", true },
  { "the end of the connection as the end of the body",
    { send = HEAD .. "\r\nok", close = true }, 200, "ok", false },
  { "Connection: close",
    { send = HEAD .. "Connection: close\r\nContent-Length: 2\r\n\r\nok" }, 200, "ok", false },
  { "bytes after the answer", { send = OK .. "HTTP/1.1 200 OK\r\n" }, 200, "ok", false },
  { "a body of the greatest size", { send = Peer.answer(200, ("x"):rep(1000)) },
    200, ("x"):rep(1000), true },

  { "nothing but the end", { close = true }, CONNECTION, "closed before the answer" },
  { "a reset", { reset = true }, CONNECTION, "closed before the answer" },
  { "half a status line", { send = "HTTP/1.1 2", close = true }, CONNECTION, "in the middle" },
  { "half a head", { send = HEAD .. "Content-", close = true }, CONNECTION, "in the middle" },
  { "half a body",
    { send = HEAD .. "Content-Length: 9\r\n\r\nok", close = true }, CONNECTION, "in the middle" },
  { "half the chunks", { send = CHUNKED .. "2\r\nok\r\n", close = true },
    CONNECTION, "in the middle" },
  { "a reset inside a body whose end is not stated",
    { send = HEAD .. "\r\nok", wait = 0, reset = true }, CONNECTION, "" },
  { "another protocol", { send = "220 smtp ready\r\n", hold = true }, SERVICE, "not an HTTP" },
  { "two lengths",
    { send = HEAD .. "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", hold = true },
    SERVICE, "two different" },
  { "a chunk that is too long", { send = CHUNKED .. "1\r\nok\r\n", hold = true },
    SERVICE, "longer than its size" },
  { "a body past the limit", { send = HEAD .. "Content-Length: 1001\r\n\r\nx", hold = true },
    SERVICE, "longer than max_body (1000 bytes)" },
  { "chunks past the limit",
    { send = CHUNKED .. ("200\r\n" .. ("x"):rep(512) .. "\r\n"):rep(2), hold = true },
    SERVICE, "longer than max_body (1000 bytes)" },
  { "a body without end", { send = HEAD .. "\r\n" .. ("x"):rep(1001), hold = true },
    SERVICE, "longer than max_body (1000 bytes)" },
  { "a head without end", { send = HEAD .. ("A: b\r\n"):rep(6000), hold = true },
    SERVICE, "head of the answer is too large" },
  { "silence", { hold = true }, TIMEOUT, "no answer in time", kind = "publish", timeout = 0.3 },
  { "an answer that never gets done",
    { send = HEAD .. ("A: b\r\n"):rep(500), drip = 1, pause = 0.05 },
    TIMEOUT, "no answer in time", kind = "publish", timeout = 0.5 },
}

describe("the nginx transport", function()
  local server

  setup(function()
    -- nginx itself logs a reset.
    server = Nginx.start { expect = { "recv%(%) failed %(104: Connection reset" } }
  end)
  teardown(function() server:stop() end)

  for _, row in ipairs(rows) do
    it("reads " .. row[1], function()
      local peer = Peer.start { row[2] }
      local status, body, code, detail, kept, pending =
        server:run("content", exchange, row.kind or "poll", row.timeout or 20, 1, peer.url)
      if type(row[3]) == "number" then
        assert.same({ row[3], row[4], row[5] }, { status, body, kept })
      else
        assert.is_nil(status)
        assert.equal(row[3], code)
        assert.truthy(body:find(row[4], 1, true), body)
        assert.is_true(detail.retryable)
        assert.is_nil(detail.unsent)
        assert.is_false(kept)
      end
      assert.equal(0, pending)
      assert.equal(1, #peer:wait_for_requests(1))
    end)
  end

  it("sends what HTTP wants, and no more", function()
    local peer = Peer.start { { send = OK } }
    server:run("content", exchange, "publish", 5, 1, peer.url)
    server:run("content", exchange, "poll", 5, 1, peer.url)
    local requests = peer:requests()
    assert.equal(("POST /topics/c/t HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: key\r\n"
      .. "User-Agent: spec\r\nAccept: application/json\r\nContent-Type: text/plain\r\n"
      .. "Content-Length: 5\r\n\r\nvalue"):format(peer.port), requests[1])
    assert.equal(("GET /topics/c/t HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: key\r\n"
      .. "User-Agent: spec\r\nAccept: application/json\r\n\r\n"):format(peer.port), requests[2])
  end)

  it("tells how long the server asked to wait", function()
    local date = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 3000)
    for header, low, high in pairs { ["7"] = 7, [date] = 2900, later = false } do
      local peer = Peer.start { { send = Peer.answer(429, "", { "Retry-After: " .. header }) } }
      local _, _, seconds = server:run("content", exchange, "poll", 5, 1, peer.url)
      if low then
        assert.is_true(seconds >= low and seconds <= (high or low + 100), tostring(seconds))
      else
        assert.is_nil(seconds)
      end
    end
  end)

  describe("when the peer closed a connection of the pool", function()
    it("asks again on a new one", function()
      local peer =
        Peer.start { { send = OK }, { close = true }, { send = Peer.answer(200, "new") } }
      local status, body = server:run("content", exchange, "poll", 20, 2, peer.url)
      assert.same({ 200, "new" }, { status, body })
      assert.equal(3, #peer:requests())
    end)

    it("asks again no more than once", function()
      local peer = Peer.start { { send = OK }, { close = true }, { reset = true }, { send = OK } }
      local status, message, code = server:run("content", exchange, "poll", 20, 2, peer.url)
      assert.is_nil(status)
      assert.equal(CONNECTION, code)
      assert.truthy(message:find("closed before the answer", 1, true))
      assert.equal(3, #peer:requests())
    end)

    it("does not publish again, and says that it may have been published", function()
      local peer = Peer.start { { send = OK }, { close = true }, { send = OK } }
      local status, message, code, detail =
        server:run("content", exchange, "publish", 20, 2, peer.url)
      assert.is_nil(status)
      assert.equal(CONNECTION, code)
      assert.truthy(message:find("may have been published or not", 1, true))
      assert.is_nil(detail.unsent)
      assert.equal(2, #peer:requests())
    end)

    it("does not ask again once an answer has begun", function()
      local peer = Peer.start { { send = OK }, { send = "H", close = true }, { send = OK } }
      local status, _, code = server:run("content", exchange, "poll", 20, 2, peer.url)
      assert.is_nil(status)
      assert.equal(CONNECTION, code)
      assert.equal(2, #peer:requests())
    end)
  end)

  it("says that nothing was sent where nobody listens", function()
    local peer = Peer.start { {} }
    peer:stop()
    local status, message, code, detail = server:run("content", exchange, "publish", 5, 1, peer.url)
    assert.is_nil(status)
    assert.equal(CONNECTION, code)
    assert.truthy(message:find("connection refused", 1, true))
    assert.is_true(detail.unsent)
    assert.is_true(detail.retryable)
  end)

  it("keeps a request alive while nobody waits for it", function()
    local peer = Peer.start { { wait = 0.5, send = OK } }
    assert.same({ false, 1, 200, "ok", 0 }, { server:run("content", [[
      local transport = assert(require "momento.transport.ngx".new {
        origin = %q, authorization = "key", user_agent = "spec", connect_timeout = 5,
        max_body = 1000,
      })
      local ticket = transport:poll "/"
      local early = transport:wait(ticket, transport:now() + 0.05)
      local pending = transport:pending()
      local status, body = transport:wait(ticket)
      return early, pending, status, body, transport:pending()
    ]], peer.url) })
  end)

  it("ends a wait whose request is cancelled, or whose client is closed", function()
    local peer = Peer.start { { hold = true } }
    for _, ending in ipairs { "cancel(ticket)", "close()" } do
      local status, _, code, pending = server:run("content", [[
        local transport = assert(require "momento.transport.ngx".new {
          origin = %q, authorization = "key", user_agent = "spec", connect_timeout = 5,
          max_body = 1000,
        })
        local ticket = transport:poll "/"
        local thread = ngx.thread.spawn(transport.wait, transport, ticket)
        transport:%s
        local _, status, message, code = ngx.thread.wait(thread)
        return status, message, code, transport:pending()
      ]], peer.url, ending)
      assert.is_nil(status)
      assert.equal("CANCELLED_ERROR", code)
      assert.equal(0, pending)
    end
  end)

  it("ends a sleep by its key", function()
    assert.same({ "CANCELLED_ERROR", false }, { server:run("content", [[
      local transport = assert(require "momento.transport.ngx".new {
        origin = "http://127.0.0.1:1", authorization = "key", user_agent = "spec",
        connect_timeout = 5, max_body = 1000,
      })
      local key = {}
      local thread = ngx.thread.spawn(transport.sleep, transport, 60, key)
      transport:cancel(key)
      local _, ended, _, code = ngx.thread.wait(thread)
      return ended or code, transport:sleep(0, key)
    ]]) })
  end)
end)

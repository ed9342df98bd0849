-- momento.curl against peers on real sockets: requests as they are sent, answers as they come, and
-- every way in which an answer may not come.

local Peer = require "spec.support.peer"
local support = require "spec.support.mux"
local wait = require "spec.support.wait"

local answer = Peer.answer
local CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
local SERVICE = "UNKNOWN_SERVICE_ERROR"
local LONG_AGO = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"

describe("a mux", function()
  local peer, mux

  local function start(steps, options)
    peer = Peer.start(steps)
    mux = support.open(peer.url, options)
  end

  after_each(function()
    if mux then mux:close() end
    if peer then peer:stop() end
    mux, peer = nil, nil
  end)

  local meddlers = {
    ["cancel another request"] = function(_, second) return mux:cancel(second) end,
    ["send requests"] = function(body)
      for _ = 1, 8 do mux:submit("publish", "/topics/c/t", ("x"):rep(#body), nil, 20) end
      mux:step(0)
      return true
    end,
    ["collect"] = function() return mux:collect() == nil end,
    ["close the mux"] = function()
      mux:close()
      return not pcall(mux.pending, mux)
    end,
  }
  for meddling, meddle in pairs(meddlers) do
    it("lets a finalizer " .. meddling .. " while an answer is collected", function()
      local body = ("0123456789"):rep(10000)
      start { { send = answer(200, body) }, { hold = true } }
      local first = mux:submit("poll", "/topics/c/t", nil, nil, 20)
      local meddled
      local stepmul
      wait.wait_until(function()
        mux:step(0.05)
        return #peer:requests() == 1 and mux:pending() == 0
      end, 30, "the answer")
      local second = mux:submit("poll", "/topics/c/u", nil, nil, 20)
      mux:step(0)
      local function finalizer() meddled = meddle(body, second) end
      collectgarbage "stop"
      if newproxy then
        getmetatable(newproxy(true)).__gc = finalizer
      else
        setmetatable({}, { __gc = finalizer })
      end
      if _VERSION ~= "Lua 5.4" then stepmul = collectgarbage("setstepmul", 100000000) end
      collectgarbage "restart"
      local ticket, status, collected = mux:collect()
      if stepmul then collectgarbage("setstepmul", stepmul) end
      collectgarbage()
      assert.equal(first, ticket)
      assert.equal(200, status)
      assert.is_true(collected == body)
      assert.is_true(meddled)
    end)
  end

  describe("sends", function()
    it("a poll as a GET with the target as it is and all headers", function()
      local headers = { "Authorization: t0", "User-Agent: u/1" }
      start({ { send = answer(200, "{}") } }, { headers = headers })
      mux:submit("poll", "/topics/a%2Fb/%C3%A4?sequence_number=1&sequence_page=2", nil, nil, 20)
      support.collect(mux)
      local request = peer:requests()[1]
      assert.matches("^GET /topics/a%%2Fb/%%C3%%A4%?sequence_number=1&sequence_page=2 HTTP/1.1\r\n",
        request)
      assert.matches("\r\nHost: 127.0.0.1:" .. peer.port .. "\r\n", request, 1, true)
      assert.matches("\r\nAuthorization: t0\r\n", request, 1, true)
      assert.matches("\r\nUser-Agent: u/1\r\n", request, 1, true)
      assert.not_matches("[Cc]ontent%-[TtLl]", request)
    end)

    local bodies = {
      { "text", "hello", "text/plain" },
      { "nothing", "", "text/plain" },
      { "every byte", "\0\1\r\n\r\n\127\128\255", "application/octet-stream" },
      { "a body without a type", "x", nil },
      { "more than a socket takes at once", ("0123456789"):rep(200000), "text/plain" },
    }
    for _, row in ipairs(bodies) do
      it("a publish with " .. row[1], function()
        start { { send = answer(204) } }
        assert.equal(204, (support.exchange(mux, "publish", row[2], row[3])))
        local request = peer:requests()[1]
        local head, body = request:match "^(.-\r\n\r\n)(.*)$"
        assert.matches("^POST /topics/c/t HTTP/1.1\r\n", head)
        assert.matches("\r\nContent-Length: " .. #row[2] .. "\r\n", head, 1, true)
        assert.equal(row[3], head:match "\r\nContent%-Type: ([^\r]*)")
        assert.is_true(body == row[2])
      end)
    end

    it("each publish what belongs to it, though the handle is the same", function()
      start { { send = answer(204) } }
      local sent = { { "one", "text/plain" }, { "", nil }, { "two", "a/b" }, { "two", "c/d" } }
      for _, row in ipairs(sent) do support.exchange(mux, "publish", row[1], row[2]) end
      for i, request in ipairs(peer:requests()) do
        assert.equal(sent[i][1], request:match "\r\n\r\n(.*)$")
        assert.equal(sent[i][2], request:match "\r\nContent%-Type: ([^\r]*)")
      end
    end)

    it("what it is given when the caller's strings are long gone", function()
      start { { wait = 0.05, send = answer(204) } }
      for i = 1, 20 do
        mux:submit("publish", "/topics/c/" .. i, ("body "):rep(i), "text/" .. i, 20)
      end
      collectgarbage()
      for _ = 1, 20 do assert.equal(204, support.collect(mux)[2]) end
      local seen = {}
      for _, request in ipairs(peer:requests()) do
        local i = tonumber(request:match "^POST /topics/c/(%d+) ")
        assert.matches("Content-Type: text/" .. i .. "\r\n", request, 1, true)
        assert.equal(("body "):rep(i), request:match "\r\n\r\n(.*)$")
        seen[i] = true
      end
      assert.equal(20, #seen)
    end)
  end)

  describe("collects", function()
    local answers = {
      { "a body", answer(200, "hello"), 200, "hello" },
      { "no body", answer(204), 204, "" },
      { "every byte", answer(200, "\0\1\r\n\255"), 200, "\0\1\r\n\255" },
      { "chunks", CHUNKED .. "3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n", 200, "abcde" },
      { "an interim answer before it", "HTTP/1.1 102 P\r\n\r\n" .. answer(200, "x"), 200, "x" },
      { "an error", answer(404, '{"status":404}'), 404, '{"status":404}' },
      { "seconds to wait", answer(429, "", { "Retry-After: 7" }), 429, "", 7 },
      { "too long to wait", answer(503, "", { "retry-after: 99999999" }), 503, "", 21600 },
      { "a date that is over", answer(503, "", { LONG_AGO }), 503, "" },
      { "a time to wait that is none", answer(429, "", { "Retry-After: soon" }), 429, "" },
      { "a redirect, which it does not follow", answer(302, "", { "Location: /x" }), 302, "" },
      { "a stranger's status", answer(799, "?"), 799, "?" },
    }
    for _, row in ipairs(answers) do
      it(row[1], function()
        start { { send = row[2] } }
        for i, kind in ipairs { "poll", "publish" } do
          local status, body, retry_after = support.exchange(mux, kind)
          assert.same({ row[3], row[4], row[5] }, { status, body, retry_after })
          assert.equal(i, #peer:requests())
        end
      end)
    end

    it("a body that ends with its connection", function()
      start { { send = "HTTP/1.1 200 OK\r\n\r\nall of it", close = true } }
      assert.same({ 200, "all of it" }, { support.exchange(mux, "poll") })
    end)

    it("an answer that comes byte by byte", function()
      start { { send = answer(200, "hello"), drip = 1, pause = 0.001 } }
      assert.same({ 200, "hello" }, { support.exchange(mux, "poll") })
    end)

    it("an answer as far as it came before its connection broke", function()
      local half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
      for _, last in ipairs { "close", "reset" } do
        start { { send = half, wait = 0, [last] = true } }
        local status, body = support.exchange(mux, "poll")
        -- A reset may overtake the bytes before it.
        if last == "close" or status then assert.same({ 200, "half" }, { status, body }) end
        mux:close()
        peer:stop()
      end
    end)

    it("one body after another, long and short", function()
      local steps, lengths = {}, { 0, 100000, 10, 300000, 5, 0, 1024, 1025 }
      for i, length in ipairs(lengths) do steps[i] = { send = answer(200, ("x"):rep(length)) } end
      start(steps)
      for _, length in ipairs(lengths) do
        local status, body = support.exchange(mux, "poll")
        assert.equal(200, status)
        assert.equal(length, #body)
      end
    end)
  end)

  describe("fails", function()
    local failures = {
      { "an answer that is no HTTP", { send = "SSH-2.0-x\r\n\r\n", close = true }, SERVICE },
      {
        "a Content-Length that is no length",
        { send = "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", close = true }, SERVICE,
      },
      { "a body that is announced too large", { send = answer(200, ("x"):rep(2000)) }, SERVICE },
      {
        "a body that grows too large",
        { send = "HTTP/1.1 200 OK\r\n\r\n" .. ("x"):rep(2000), close = true }, SERVICE,
      },
      { "a connection closed without an answer", { close = true }, "CONNECTION_ERROR" },
      { "a connection reset", { reset = true }, "CONNECTION_ERROR" },
      { "silence", { hold = true }, "TIMEOUT_ERROR" },
      {
        "an answer that stops half-way",
        { send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", hold = true }, "TIMEOUT_ERROR",
      },
    }
    for _, row in ipairs(failures) do
      it("for " .. row[1], function()
        start({ row[2] }, { max_body = 1000 })
        local times_out = row[3] == "TIMEOUT_ERROR"
        for i, kind in ipairs(times_out and { "publish" } or { "poll", "publish" }) do
          local seconds = times_out and 1 or 20
          local status, message, code, detail = support.exchange(mux, kind, "x", nil, seconds)
          assert.is_nil(status)
          assert.equal(row[3], code)
          assert.matches("^" .. peer.url .. ": %l", message)
          assert.is_true(detail.retryable)
          assert.is_nil(detail.unsent)
          assert.is_number(detail.transport)
          assert.equal(i, #peer:wait_for_requests(i))
        end
      end)
    end

    for name, reply in pairs {
      ["is announced"] = { send = answer(200, ("x"):rep(2000)) },
      ["comes"] = { send = "HTTP/1.1 200 OK\r\n\r\n" .. ("x"):rep(2000), close = true },
    } do
      it("and names the limit when more " .. name, function()
        start({ reply }, { max_body = 1000 })
        local _, message = support.exchange(mux, "poll")
        assert.matches(": the answer is longer than max_body (1000 bytes)", message, 1, true)
      end)
    end

    it("and says what is to be done", function()
      start { { send = "garbage\r\n\r\n", close = true } }
      local _, message = support.exchange(mux, "poll")
      assert.matches("is not HTTP.*check that the endpoint's port speaks HTTP", message)
    end)

    it("for a connection that takes too long, with nothing sent", function()
      local origin, close = support.deaf()
      mux = support.open(origin, { connect_timeout = 0.2 })
      for _, kind in ipairs { "poll", "publish" } do
        local ticket = mux:submit(kind, "/t", nil, nil, 20)
        assert.is_false(mux:sent(ticket))
        local result = support.collect(mux)
        assert.equal("TIMEOUT_ERROR", result[4])
        assert.is_true(result[5].unsent)
      end
      close()
    end)
  end)
end)

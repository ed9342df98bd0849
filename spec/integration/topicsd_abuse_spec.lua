-- topicsd against clients that are broken, slow or hostile: each gets its stated answer, nobody
-- else notices, and nothing stays behind.

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

describe("topicsd", function()
  local server -- its field idle: its descriptors when it has no client

  teardown(function() Topicsd.stop_all() end)

  local function connect()
    return http.connect("127.0.0.1", server.port)
  end

  local function works()
    local status, _, body = http.request(server.url .. "/topics/my-cache/works?sequence_page=1", {
      headers = { Authorization = "secret" },
    })
    assert.equal(200, status)
    assert.matches('^{"items":%[', body)
  end

  local function poll(topic, query)
    return ("GET /topics/my-cache/%s%s HTTP/1.1\r\nHost: h\r\nAuthorization: secret\r\n\r\n")
      :format(topic, query or "")
  end

  local function publish(topic, value)
    local status = http.request(server.url .. "/topics/my-cache/" .. topic, {
      body = value, headers = { Authorization = "secret" },
    })
    assert.equal(204, status)
  end

  local function descriptors()
    local list = process.capture(("ls /proc/%d/fd"):format(server.pid))
    return select(2, list:gsub("%d+", ""))
  end

  local function wait_for_clients(count)
    process.wait_until(function() return descriptors() == server.idle + count end, 30, function()
      return ("%d clients, there are %d"):format(count, descriptors() - server.idle)
    end)
  end

  local function use(started)
    server = started
    server.idle = server.idle or descriptors()
  end

  setup(function() use(Topicsd.start { "--api-key", "secret" }) end)
  before_each(function() wait_for_clients(0) end)

  -- What the kernel says of the server: seconds of processor time, bytes of memory.
  local function processor_time()
    local stat = process.read_file(("/proc/%d/stat"):format(server.pid))
    local user, system = stat:match("^.*%) " .. ("%S+ "):rep(11) .. "(%d+) (%d+)")
    return (user + system) / 100
  end

  local function memory()
    return process.read_file(("/proc/%d/status"):format(server.pid)):match "VmRSS:%s*(%d+)" * 1024
  end

  describe("refuses, closes, and goes on with others, when it gets", function()
    local post = "POST /topics/my-cache/x HTTP/1.1\r\nHost: h\r\nAuthorization: secret\r\n"
    for _, row in ipairs {
      { "garbage", 400, "\1\2\3\4\r\n\r\n" },
      { "a TLS greeting", 400, "\22\3\1\2\0\1\0\1\252\3\3" },
      { "an HTTP/2 preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
      { "HTTP/0.9", 400, "GET /\r\n" },
      { "bare line feeds", 400, "GET / HTTP/1.1\nHost: h\n\n" },
      { "NUL in a header", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n" },
      { "a folded header", 400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n" },
      { "a space before a colon", 400, post .. "Content-Length : 5\r\n\r\nhello" },
      { "no Host", 400, "GET / HTTP/1.1\r\n\r\n" },
      { "two Hosts", 400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" },
      { "two Authorizations", 400, post .. "Authorization: secret\r\n\r\n" },
      { "two Content-Lengths", 400, post .. "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" },
      { "a list of Content-Lengths", 400, post .. "Content-Length: 5, 5\r\n\r\nhello" },
      { "a negative Content-Length", 400, post .. "Content-Length: -1\r\n\r\n" },
      { "Content-Length and chunked", 400,
        post .. "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" },
      { "chunked and Content-Length", 400,
        post .. "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" },
      { "a malformed chunk size", 400, post .. "Transfer-Encoding: chunked\r\n\r\nxyz\r\n" },
      { "a chunk longer than it says", 400,
        post .. "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n" },
      { "an endless chunk extension", 400,
        post .. "Transfer-Encoding: chunked\r\n\r\n2;" .. ("x"):rep(1000) },
      { "another transfer coding", 501, post .. "Transfer-Encoding: gzip\r\n\r\n" },
      { "another expectation", 417, post .. "Expect: tea\r\n\r\n" },
      { "a huge target", 414, "GET /" .. ("x"):rep(100000) .. " HTTP/1.1\r\nHost: h\r\n\r\n" },
      { "a huge header", 431, "GET / HTTP/1.1\r\nX: " .. ("x"):rep(100000) .. "\r\n\r\n" },
      { "many headers", 431, "GET / HTTP/1.1\r\nHost: h\r\n" .. ("X: y\r\n"):rep(1000) .. "\r\n" },
      { "an endless header", 431, "GET / HTTP/1.1\r\nX: " .. ("x"):rep(100000) },
      { "a huge body", 429, post .. "Content-Length: 1000000\r\n\r\n" .. ("x"):rep(1000000) },
      { "a body of 1 GB announced", 429, post .. "Content-Length: 1073741824\r\n\r\nx" },
      { "a huge chunk", 429, post .. "Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\nx" },
      { "a huge body in small chunks", 429,
        post .. "Transfer-Encoding: chunked\r\n\r\n" .. ("1\r\nx\r\n"):rep(10000) },
    } do
      it(row[1], function()
        local connection = connect()
        connection:send(row[3])
        local status, headers, body = http.read_answer(connection)
        assert.equal(row[2], status, headers)
        assert.equal("close", headers.connection)
        assert.equal(tostring(row[2]), body:match '^{"status":(%d+),"title":".-","detail":".-"')
        assert.equal("closed", (select(2, connection:receive(1))))
        connection:close()
        works()
      end)
    end
  end)

  describe("answers, keeps the connection, and goes on, when it gets", function()
    local long = ("n"):rep(10240)
    for _, row in ipairs {
      { "no path of the API", 404, "GET / HTTP/1.1" },
      { "another method", 405, "DELETE /topics/my-cache/x HTTP/1.1" },
      { "an empty topic name", 400, "GET /topics/my-cache/ HTTP/1.1" },
      { "an empty cache name", 400, "GET /topics//x HTTP/1.1" },
      { "a name of 2 KB", 400, "GET /topics/my-cache/" .. long:sub(1, 2048) .. " HTTP/1.1" },
      { "a malformed escape", 400, "GET /topics/my-cache/%zz HTTP/1.1" },
      { "half an escape", 400, "GET /topics/my-cache/a%2 HTTP/1.1" },
      { "NUL in a name", 400, "GET /topics/my-cache/a%00b HTTP/1.1" },
      { "a control byte in a name", 400, "GET /topics/my-cache/a%0Ab HTTP/1.1" },
      { "a number that is none", 400, "GET /topics/my-cache/x?sequence_number=1x HTTP/1.1" },
      { "a number that is too large", 400,
        "GET /topics/my-cache/x?sequence_number=18446744073709551616 HTTP/1.1" },
      { "a negative page", 400, "GET /topics/my-cache/x?sequence_page=-1 HTTP/1.1" },
      { "invalid UTF-8", 400, "POST /topics/my-cache/x HTTP/1.1", "\255" },
      { "a message that is too long", 429, "POST /topics/my-cache/x HTTP/1.1", ("x"):rep(4097) },
      { "names with everything in them", 204,
        "POST /topics/my-cache/a%2Fb%20%25%F0%9F%98%80+;= HTTP/1.1", "x" },
      { "the longest message", 204, "POST /topics/my-cache/x HTTP/1.1", ("x"):rep(4096) },
    } do
      it(row[1], function()
        local connection = connect()
        connection:send(row[3] .. "\r\nHost: h\r\nAuthorization: secret\r\nContent-Length: "
          .. #(row[4] or "") .. "\r\n\r\n" .. (row[4] or ""))
        local status = http.read_answer(connection)
        assert.equal(row[2], status)
        if status ~= 429 then
          connection:send(poll("works", "?sequence_page=1"))
          assert.equal(200, (http.read_answer(connection)))
        end
        connection:close()
        works()
      end)
    end
  end)

  it("forgets a client that goes while its poll waits, in whichever way", function()
    local function leave(way)
      local clients = {}
      for i = 1, 20 do
        clients[i] = connect()
        clients[i]:send(poll "leaving" .. (way.more or ""))
      end
      works()
      wait_for_clients(20)
      for _, client in ipairs(clients) do
        if way.reset then client:setoption("linger", { on = true, timeout = 0 }) end
        if way.half then client:shutdown "send" else client:close() end
      end
      wait_for_clients(0)
      for _, client in ipairs(clients) do client:close() end
    end
    leave {}
    leave { reset = true }
    leave { half = true }
    leave { more = poll "more" }
    leave { more = poll "more", reset = true }
    leave { more = ("x"):rep(40000) }
    publish("leaving", "to nobody")
    works()
  end)

  it("keeps what is pipelined behind a waiting poll, and does not spin on it", function()
    local connection = connect()
    connection:send(poll "piped" .. poll("piped", "?sequence_number=1"))
    works()
    connection:send("POST /topics/my-cache/piped HTTP/1.1\r\nHost: h\r\nAuthorization: secret\r\n")
    connection:send("Content-Length: 3\r\n\r\ntwo" .. poll("piped", "?sequence_number=2"))
    local before = processor_time()
    for _ = 1, 20 do works() end
    require("socket").sleep(0.3)
    assert.is_true(processor_time() - before < 0.2)
    publish("piped", "one")
    for _, expected in ipairs { '"one"', '"one"', false, '"two"' } do
      local status, _, body = http.read_answer(connection)
      assert.equal(expected and 200 or 204, status)
      if expected then assert.truthy(body:find(expected, 1, true), body) end
    end
    connection:close()
  end)

  it("stays as small as it was under a flood, and serves others in it", function()
    local clients = {}
    for i = 1, 300 do
      clients[i] = connect()
      if i % 3 == 0 then clients[i]:send "GET / HTTP/1.1\r\nHost: h\r\n" end
    end
    local size = memory()
    local flood = connect()
    flood:settimeout(0.1)
    local rubbish = "GET / HTTP/1.1\r\nX: " .. ("x"):rep(1048576)
    for _ = 1, 64 do
      if not flood:send(rubbish) then break end
      works()
    end
    assert.is_true(memory() < size + 4 * 1048576)
    flood:close()
    for _, client in ipairs(clients) do client:close() end
    wait_for_clients(0)
  end)

  describe("with little patience", function()
    local patient

    setup(function()
      patient = server
      use(Topicsd.start {
        "--api-key", "secret", "--request-timeout", "1", "--idle-timeout", "1",
        "--write-timeout", "1",
      })
    end)

    teardown(function() use(patient) end)

    it("gives up on who is slow: 408 for half a request, none for nothing", function()
      local half, nothing, dripping = connect(), connect(), connect()
      half:send "GET / HTTP/1.1\r\nHost:"
      dripping:settimeout(0.05)
      dripping:send "GET / HTTP/1.1\r\nX: "
      process.wait_until(function()
        dripping:send "x"
        return dripping:receive(1) == "H"
      end, 30, "an answer to the slow client")
      local status, headers = http.read_answer(half)
      assert.equal(408, status)
      assert.equal("close", headers.connection)
      assert.equal("closed", (select(2, nothing:receive(1))))
      for _, connection in ipairs { half, nothing, dripping } do connection:close() end
      wait_for_clients(0)
      works()
    end)

    it("cuts off who never reads its answers", function()
      for _ = 1, 40 do publish("large", ("x"):rep(4096)) end
      local connection = connect()
      for _ = 1, 200 do assert(connection:send(poll("large", "?sequence_number=1"))) end
      works()
      wait_for_clients(0)
      local whole, _, part = connection:receive "*a"
      assert.is_true(select(2, (whole or part):gsub("HTTP/1.1 200", "")) < 200)
      connection:close()
    end)
  end)

  describe("with few connections allowed", function()
    it("tells who is too many, and takes others when there is room again", function()
      use(Topicsd.start { "--api-key", "secret", "--max-connections", "10" })
      local clients = {}
      for i = 1, 10 do
        clients[i] = connect()
        clients[i]:send(poll("x", "?sequence_page=1"))
        assert.equal(200, (http.read_answer(clients[i])))
      end
      local extra = connect()
      local status, headers = http.read_answer(extra)
      assert.equal(503, status)
      assert.equal("1", headers["retry-after"])
      assert.equal("close", headers.connection)
      assert.equal("closed", (select(2, extra:receive(1))))
      extra:close()
      clients[1]:close()
      process.wait_until(function()
        local again = connect()
        again:send(poll("x", "?sequence_page=1"))
        local answer = http.read_answer(again)
        again:close()
        return answer == 200
      end, 30, "room for another client")
      for _, client in ipairs(clients) do client:close() end
    end)

    it("survives having no descriptors left", function()
      local command = ("ulimit -n 40; exec '%s' --port 0 --api-key secret --max-connections 1000")
        :format(Topicsd.program)
      local child = process.start { "sh", "-c", command }
      local port = child:wait_for_output "MOMENTO_ENDPOINT=http://127.0.0.1:(%d+)"
      use { pid = child.pid, port = port, url = "http://127.0.0.1:" .. port }
      works()
      local clients = {}
      for i = 1, 60 do clients[i] = connect() end
      process.wait_until(function() return descriptors() >= 40 end, 30, "no descriptor left")
      local before = processor_time()
      require("socket").sleep(0.3)
      assert.is_true(processor_time() - before < 0.2)
      for _, client in ipairs(clients) do client:close() end
      works()
      assert.equal(0, child:stop(20))
    end)
  end)
end)

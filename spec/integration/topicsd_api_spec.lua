-- topicsd's HTTP as clients meet it: the published curl lines, and what HTTP/1.1 promises around
-- them. What each request is answered by the core is specified in spec/c/api_test.c.

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

describe("topicsd", function()
  local server, topics

  setup(function()
    server = Topicsd.start { "--api-key", "secret" }
    topics = server.url .. "/topics/my-cache/"
  end)

  teardown(function() Topicsd.stop_all() end)

  local function request(target, headers, method, body)
    local lines = { (method or "GET") .. " /topics/my-cache/" .. target .. " HTTP/1.1", "Host: h" }
    for _, header in ipairs(headers or {}) do lines[#lines + 1] = header end
    if body then lines[#lines + 1] = "Content-Length: " .. #body end
    return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
  end

  local function publish(topic, value)
    local status = http.request(topics .. topic, {
      body = value, headers = { Authorization = "secret" },
    })
    assert.equal(204, status)
  end

  local function connect()
    return http.connect("127.0.0.1", server.port)
  end

  describe("with the curl lines of the API page", function()
    local function curl(line)
      line = line:gsub("$U", server.url):gsub("$K", "secret"):gsub("$V1", server.api_key)
      local output = process.capture("curl -sS -m 30 -w '\n%{http_code}' " .. line)
      local body, status = output:match "^(.-)\n?(%d%d%d)$"
      return tonumber(status), body
    end

    for _, row in ipairs {
      { 204, [[-X POST -d 'hello world!' "$U/topics/my-cache/example?token=$K"]] },
      { 204, [[-X POST -d 'second' -H "Authorization: $K" "$U/topics/my-cache/example"]] },
      { 400, [[-X POST -d 'x' -H "Authorization: $K" "$U/topics/my-cache/example?token=$K"]] },
      { 401, [[-X POST -d 'x' "$U/topics/my-cache/example"]] },
      { 401, [[-X POST -d 'x' "$U/topics/my-cache/example?token=wrong"]] },
      { 401, [[-X POST -d 'x' -H "Authorization: wrong" "$U/topics/my-cache/example"]] },
      { 404, [[-X POST -d 'x' -H "Authorization: $K" "$U/topics/other-cache/example"]] },
      { 401, [["$U/topics/my-cache/example?sequence_number=1"]] },
      { 200, [[-H "Authorization: $K" "$U/topics/my-cache/example?sequence_number=1"]] },
      { 200, [["$U/topics/my-cache/example?token=$K&sequence_number=1"]] },
      { 200, [[-H "Authorization: $V1" "$U/topics/my-cache/example?sequence_number=1"]] },
      { 200, [["$U/topics/my-cache/example?sequence_number=1&token=$V1"]] },
      { 200, [[-0 -H "Authorization: $K" "$U/topics/my-cache/example?sequence_number=1"]] },
    } do
      it("answers " .. row[1] .. " to curl " .. row[2], function()
        local status, body = curl(row[2])
        assert.equal(row[1], status, body)
        if status == 204 then assert.equal("", body) end
        if status == 200 then
          assert.matches('^{"items":%[{"item":{"topic_sequence_number":1,"sequence_page":%d+,'
            .. '"value":{"text":"hello world!"}}},'
            .. '{"item":{"topic_sequence_number":2,"sequence_page":%d+,'
            .. '"value":{"text":"second"}}}%]}$', body)
        end
      end)
    end

    it("takes a chunked body, and one that waits for 100 Continue", function()
      local target = [["$U/topics/my-cache/t?token=$K"]]
      assert.equal(204, (curl("-H 'Transfer-Encoding: chunked' -d chunked " .. target)))
      assert.equal(204, (curl("-H 'Expect: 100-continue' -d later " .. target)))
      local status, body = curl [["$U/topics/my-cache/t?token=$K&sequence_number=1"]]
      assert.equal(200, status)
      assert.matches('"chunked".*"later"', body)
    end)
  end)

  it("keeps the connection, and answers pipelined requests in order", function()
    local connection = connect()
    local authorization = { "Authorization: secret" }
    assert(connection:send(request("order", authorization, "POST", "a")
      .. request("order?sequence_number=1", authorization)
      .. request("order", {}, "POST", "b")
      .. request("order", authorization, "POST", "c")
      .. request("order?sequence_number=1", authorization)))
    assert.equal(204, (http.read_answer(connection)))
    local _, _, first = http.read_answer(connection)
    assert.equal(401, (http.read_answer(connection)))
    assert.equal(204, (http.read_answer(connection)))
    local _, headers, second = http.read_answer(connection)
    assert.matches('"a"', first)
    assert.not_matches('"c"', first)
    assert.matches('"a".*"c"', second)
    assert.is_nil(headers.connection)
    connection:close()
  end)

  it("closes when asked to, and for HTTP/1.0 unless asked not to", function()
    for _, row in ipairs {
      { "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "close" },
      { "GET /x HTTP/1.0\r\n\r\n", "close" },
      { "GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive" },
    } do
      local connection = connect()
      assert(connection:send(row[1]))
      local status, headers = http.read_answer(connection)
      assert.equal(404, status)
      assert.equal(row[2], headers.connection)
      if row[2] == "close" then
        assert.equal("closed", (select(2, connection:receive(1))))
      else
        assert(connection:send(row[1]))
        assert.equal(404, (http.read_answer(connection)))
      end
      connection:close()
    end
  end)

  it("answers HEAD without a body, and goes on", function()
    local connection = connect()
    assert(connection:send(request("x", {}, "HEAD") .. request("x")))
    local status, headers = http.read_answer(connection, true)
    assert.equal(405, status)
    assert.matches("GET", headers.allow)
    assert.is_true(tonumber(headers["content-length"]) > 0)
    assert.equal(401, (http.read_answer(connection)))
    connection:close()
  end)

  it("dates its answers, and lets browsers read them", function()
    for _, target in ipairs { "x", "x?token=wrong", "x?token=secret&sequence_page=1" } do
      local _, headers = http.request(topics .. target)
      assert.matches("^%u%l%l, %d%d %u%l%l %d%d%d%d %d%d:%d%d:%d%d GMT$", headers.date)
      assert.equal("*", headers["access-control-allow-origin"])
    end
    local status, headers = http.request(topics .. "x", { method = "OPTIONS" })
    assert.equal(204, status)
    assert.matches("POST", headers["access-control-allow-methods"])
  end)

  it("takes a target in absolute form", function()
    local answer = http.raw("127.0.0.1", server.port,
      "GET http://elsewhere:1/topics/my-cache/x?sequence_page=1&token=secret HTTP/1.0\r\n\r\n")
    assert.equal(200, (http.parse(answer)))
  end)

  it("answers a waiting poll with the next message, for each way of waiting", function()
    publish("wait", "one")
    local status, _, body = http.request(topics .. "wait?token=secret&sequence_number=1")
    assert.equal(200, status)
    local page = body:match '"sequence_page":(%d+)'
    local polls = {}
    for _, query in ipairs {
      "", "&sequence_number=2", "&sequence_number=2&sequence_page=" .. page,
    } do
      local connection = connect()
      assert(connection:send(request("wait?token=secret" .. query)))
      polls[#polls + 1] = connection
    end
    publish("wait", "two")
    for _, connection in ipairs(polls) do
      local poll_status, _, answer = http.read_answer(connection)
      assert.equal(200, poll_status)
      assert.equal(('{"items":[{"item":{"topic_sequence_number":2,"sequence_page":%s,'
        .. '"value":{"text":"two"}}}]}'):format(page), answer)
      connection:close()
    end
  end)

  it("serves a poll that was sent before a publish before it, however they arrive", function()
    local publisher = connect()
    for round = 1, 200 do
      local topic = "before" .. round
      local poller = connect()
      assert(poller:send(request(topic .. "?token=secret")))
      assert(publisher:send(request(topic .. "?token=secret", {}, "POST", "x")))
      assert.equal(204, (http.read_answer(publisher)))
      assert.equal(200, (http.read_answer(poller)))
      poller:close()
    end
    publisher:close()
  end)

  it("gives a message to every one of many that wait, and serves others meanwhile", function()
    local polls = {}
    for i = 1, 500 do
      polls[i] = connect()
      assert(polls[i]:send(request "many?token=secret"))
    end
    publish("many", "to all")
    publish("others", "x")
    for i, connection in ipairs(polls) do
      local status, _, body = http.read_answer(connection)
      assert.equal(200, status, "poll " .. i)
      assert.matches('"to all"', body)
      connection:close()
    end
  end)

  it("sends long answers whole to a client that reads late", function()
    for i = 1, 40 do publish("long", i .. ("x"):rep(4000)) end
    local _, _, expected = http.request(topics .. "long?token=secret&sequence_number=1")
    assert.is_true(#expected > 100000)
    local connection = connect()
    for _ = 1, 100 do assert(connection:send(request "long?token=secret&sequence_number=1")) end
    publish("long", "meanwhile others are served")
    for i = 1, 100 do
      local status, _, body = http.read_answer(connection)
      assert.equal(200, status)
      assert.is_true(body == expected, "answer " .. i)
    end
    connection:close()
  end)

  it("answers a poll that nothing came for when the hold time is over", function()
    local holding = Topicsd.start { "--no-auth", "--hold", "0.1" }
    local status, _, body = http.request(holding.url .. "/topics/my-cache/x?sequence_number=1")
    assert.equal(200, status)
    assert.equal('{"items":[]}', body)
    status, _, body = http.request(holding.url .. "/topics/my-cache/x")
    assert.equal(200, status)
    assert.matches('^{"items":%[{"discontinuity":{"last_topic_sequence":0,', body)
    holding:stop()
  end)
end)

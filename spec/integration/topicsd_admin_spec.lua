-- topicsd's admin port: what an operator sees and changes while clients poll.

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

describe("topicsd's admin port", function()
  local server, admin

  before_each(function()
    server = Topicsd.start { "--api-key", "secret", "--cache", "one", "--admin-port", "0" }
    admin = server.process:wait_for_output "admin on (http://127%.0%.0%.1:%d+)\n"
  end)
  after_each(function() Topicsd.stop_all() end)

  local function operate(method, path, headers)
    local status, answer_headers, body = http.request(admin .. path, {
      method = method, headers = headers,
    })
    return status, body, answer_headers.allow or answer_headers["content-type"]
  end

  local function metric(name)
    local _, body = operate("GET", "/metrics")
    return tonumber(("\n" .. body):match("\ntopicsd_" .. name:gsub("%p", "%%%0") .. " (%d+)\n"))
  end

  local function publish(topic)
    return (http.request(server.url .. "/topics/one/" .. topic, {
      body = "x", headers = { Authorization = "secret" },
    }))
  end

  -- A connection with a poll that waits: told by the metric, since nothing else shows it.
  local function wait_on(topic)
    local before = metric "waiters"
    local connection = http.connect("127.0.0.1", server.port)
    assert(connection:send("GET /topics/one/" .. topic
      .. " HTTP/1.1\r\nHost: h\r\nAuthorization: secret\r\n\r\n"))
    process.wait_until(function() return metric "waiters" == before + 1 end, 30, "a waiter")
    return connection
  end

  it("tells whether the server is up", function()
    assert.same({ 200, "ok\n", "text/plain" }, { operate("GET", "/healthz") })
  end)

  it("counts in the text format of Prometheus", function()
    local connection = wait_on "t"
    assert.equal(204, publish "t")
    assert.equal(200, (http.read_answer(connection)))
    assert.equal(204, publish "t")
    assert.equal(401, (http.request(server.url .. "/topics/one/t")))
    local connections = metric "connections"
    connection:close()
    process.wait_until(function() return metric "connections" == connections - 1 end)

    local _, text, content_type = operate("GET", "/metrics")
    assert.matches("^text/plain; version=0%.0%.4", content_type)
    for line in text:gmatch "[^\n]+" do
      assert.truthy(line:match "^# HELP topicsd_[%l_]+ .+%.$"
        or line:match "^# TYPE topicsd_[%l_]+ %l+$"
        or line:match '^topicsd_[%l_]+{?[%l_]*=?"?[^"]*"?}? [%d.]+$', line)
    end
    for name, value in pairs {
      messages_total = 2, message_bytes_total = 2, polls_total = 1, waiters = 0, topics = 1,
      caches = 1, answers_total = 4, clients_gone_total = 0,
      ['refused_total{reason="unauthorized"}'] = 1,
      ['refused_total{reason="not_found"}'] = 0,
      ['request_seconds_bucket{le="+Inf"}'] = 3, request_seconds_count = 3,
    } do
      assert.equal(value, metric(name), name)
    end
  end)

  it("forgets waiters whose client has gone", function()
    local polls = {}
    for i = 1, 20 do polls[i] = wait_on("t" .. i) end
    for _, connection in ipairs(polls) do connection:close() end
    process.wait_until(function() return metric "waiters" == 0 end, 30, "no waiter")
    assert.equal(20, metric "clients_gone_total")
  end)

  it("makes and deletes caches, and tells whoever waits in one that has gone", function()
    assert.same({ 200, '{"caches":["one"]}\n', "application/json" }, { operate("GET", "/caches") })
    assert.equal(204, (operate("PUT", "/caches/a%20%2Fb")))
    assert.equal(204, (operate("PUT", "/caches/a%20%2Fb")))
    local _, listed = operate("GET", "/caches")
    assert.truthy(listed:find('"a%20%2Fb"', 1, true), listed)
    assert.equal(204, (operate("DELETE", "/caches/a%20%2Fb")))
    assert.equal(404, (operate("DELETE", "/caches/a%20%2Fb")))

    local connection = wait_on "t"
    assert.equal(204, (operate("DELETE", "/caches/one")))
    local status, _, body = http.read_answer(connection)
    assert.equal(404, status)
    assert.truthy(body:find("Cache not found", 1, true), body)
    assert.equal(404, publish "t")
    connection:close()
  end)

  it("lists and drops topics, and whoever waits goes on with the next page", function()
    local connection = wait_on "t"
    local _, listed = operate("GET", "/topics")
    local page = listed:match('{"cache":"one","topic":"t","waiters":1,"messages":0,"bytes":0,'
      .. '"next_sequence_number":1,"sequence_page":(%d+)}')
    assert.truthy(page, listed)
    assert.equal(204, (operate("DELETE", "/topics/one/t")))
    local status, _, body = http.read_answer(connection)
    assert.equal(200, status)
    assert.truthy(body:find('"new_sequence_page":' .. page, 1, true), body)
    assert.equal(404, (operate("DELETE", "/topics/one/t")))
    connection:close()
  end)

  it("blocks everybody, and lets them in again", function()
    local connection = wait_on "t"
    assert.equal(204, (operate("POST", "/block")))
    local status, headers = http.read_answer(connection)
    assert.equal(503, status)
    assert.equal("1", headers["retry-after"])
    assert.equal(503, publish "t")
    assert.equal(503, (operate("GET", "/healthz")))
    assert.equal(204, (operate("POST", "/unblock")))
    assert.equal(204, publish "t")
    assert.equal(200, (operate("GET", "/healthz")))
    connection:close()
  end)

  for _, row in ipairs {
    { "GET", "/", 404 },
    { "GET", "/caches/", 405 },
    { "PUT", "/caches/", 400 },
    { "PUT", "/caches/a/b", 404 },
    { "PUT", "/caches/%zz", 404 },
    { "PUT", "/caches/%00", 400 },
    { "PUT", "/caches/" .. ("n"):rep(2000), 400 },
    { "POST", "/caches/a", 405, "PUT, DELETE" },
    { "DELETE", "/topics/one", 404 },
    { "DELETE", "/topics/one/", 400 },
    { "DELETE", "/topics/one/a/b", 404 },
    { "GET", "/topics/one/a", 405, "DELETE" },
    { "GET", "/block", 405, "POST" },
    { "POST", "/metrics", 405, "GET" },
    { "GET", "/metrics?x=y", 200 },
    { "GET", "/caches", 403, headers = { Origin = "http://example.com" } },
    { "POST", "/block", 403, headers = { Origin = "null" } },
  } do
    it(("answers %d to %s %s"):format(row[3], row[1], row[2]:sub(1, 40)), function()
      local status, _, allow = operate(row[1], row[2], row.headers)
      assert.equal(row[3], status)
      if row[4] then assert.equal(row[4], allow) end
      assert.equal(204, publish "t")
    end)
  end

  it("is not reached under another name, as by a web page whose name was bound anew", function()
    local port = admin:match ":(%d+)$"
    for host, status in pairs {
      ["example.com"] = 403, ["example.com:" .. port] = 403, [""] = 403, ["127.0.0.1.x"] = 403,
      localhost = 200, ["LOCALHOST:" .. port] = 200, ["127.0.0.1"] = 200, ["[::1]:1"] = 200,
    } do
      local answer = http.raw("127.0.0.1", port,
        ("GET /caches HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"):format(host))
      assert.equal(status, (http.parse(answer)), host)
    end
  end)

  it("is there when everybody else is one too many", function()
    local few = Topicsd.start { "--no-auth", "--max-connections", "2", "--admin-port", "0" }
    admin = few.process:wait_for_output "admin on (http://127%.0%.0%.1:%d+)\n"
    local first = http.connect("127.0.0.1", few.port)
    local second = http.connect("127.0.0.1", few.port)
    process.wait_until(function() return metric "connections" == 3 end)
    assert.equal(503, (http.request(few.url .. "/topics/my-cache/x?sequence_page=1")))
    assert.equal(200, (operate("GET", "/healthz")))
    first:close()
    second:close()
  end)

  -- The crowd is as many as take the server many seconds to turn away, 64 at a time.
  for _, row in ipairs {
    -- more come than ..., flags, the last client who is told
    { "are allowed", "--max-connections 2", 66 },
    { "there are descriptors for", "", 224 },
  } do
    it("is there while more come than " .. row[1], function()
      local command = "ulimit -n 256; exec '%s' --port 0 --no-auth --admin-port 0 %s"
      local crowded = process.start { "sh", "-c", command:format(Topicsd.program, row[2]) }
      admin = crowded:wait_for_output "admin on (http://127%.0%.0%.1:%d+)\n"
      local port = tonumber(crowded:wait_for_output "MOMENTO_ENDPOINT=http://127.0.0.1:(%d+)")
      local clients = {}
      for i = 1, 600 do clients[i] = http.connect("127.0.0.1", port) end
      assert.equal(503, (http.read_answer(clients[row[3]])))
      assert.is_true(metric "connections_total" < #clients)
      for _, client in ipairs(clients) do client:close() end
      assert.equal(0, crowded:stop(20))
    end)
  end
end)

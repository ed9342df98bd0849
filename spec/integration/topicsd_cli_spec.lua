-- topicsd as a program: what it prints, its flags, how it ends.

local mime = require "mime"

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

describe("topicsd's command line", function()
  after_each(function() Topicsd.stop_all() end)

  local function run(...)
    local child = process.start { Topicsd.program, ... }
    return child:wait(), child:output(), child:errors()
  end

  local function status_with(server, token)
    return (http.request(server.url .. "/topics/my-cache/x?sequence_page=1", {
      headers = { Authorization = token },
    }))
  end

  it("prints three lines first, and nothing else", function()
    local server = Topicsd.start { "--api-key", "k\"1", "--cache", "one", "--cache", "two three" }
    local url = "http://127.0.0.1:" .. server.port
    local key = mime.b64(('{"endpoint":"%s","api_key":"k\\"1"}'):format(url))
    assert.equal(("topicsd 0.1.0 listening on %s (caches: one, two three)\n"
      .. "export MOMENTO_ENDPOINT=%s\nexport MOMENTO_API_KEY=%s\n"):format(url, url, key),
      server:log())
  end)

  it("puts the public URL in what clients use", function()
    local server = Topicsd.start { "--public-url", "https://topics.example.com:443" }
    local text = mime.unb64(server.api_key)
    assert.matches('^{"endpoint":"https://topics.example.com:443","api_key":"%x+"}$', text)
    assert.matches("listening on http://127.0.0.1:%d+ ", server:log())
  end)

  it("makes a random key when it is given none", function()
    local first, second = Topicsd.start {}, Topicsd.start {}
    assert.matches("^" .. ("%x"):rep(32) .. "$", first.key)
    assert.not_equal(first.key, second.key)
    assert.equal(200, status_with(first, first.key))
    assert.equal(200, status_with(first, first.api_key))
    assert.equal(401, status_with(first, second.key))
  end)

  it("takes keys from flags and from the environment", function()
    local server = Topicsd.start {
      "--api-key", "one", "--api-key", "two", env = { TOPICSD_API_KEYS = "three,,four" },
    }
    for token, status in pairs {
      one = 200, two = 200, three = 200, four = 200, five = 401, [""] = 401, ["three,"] = 401,
    } do
      assert.equal(status, status_with(server, token), token)
    end
    assert.equal("one", server.key)
  end)

  it("lets everybody in with --no-auth only", function()
    local server = Topicsd.start { "--no-auth" }
    assert.equal(200, (http.request(server.url .. "/topics/my-cache/x?sequence_page=1")))
    assert.equal(200, status_with(server, "anything"))
    assert.equal(200, status_with(server, server.api_key))
  end)

  it("has the caches of its flags, or those that are used", function()
    local given = Topicsd.start { "--no-auth", "--cache", "a b" }
    assert.equal(200, (http.request(given.url .. "/topics/a%20b/x?sequence_page=1")))
    assert.equal(404, (http.request(given.url .. "/topics/my-cache/x?sequence_page=1")))
    local any = Topicsd.start { "--no-auth", "--auto-create-caches" }
    assert.equal(204, (http.request(any.url .. "/topics/new/x", { body = "y" })))
  end)

  it("listens on IPv6 as well", function()
    if not process.read_file "/proc/net/if_inet6" or process.read_file "/proc/net/if_inet6" == ""
    then return end
    local server = Topicsd.start { "--no-auth", "--host", "::1" }
    assert.matches("^http://%[::1%]:%d+$", server.url)
    local body = process.capture(("curl -sS -g -m 30 '%s/topics/my-cache/x?sequence_page=1'")
      :format(server.url))
    assert.matches('^{"items":', body)
  end)

  it("explains every flag with its default", function()
    local code, out, errors = run "--help"
    assert.equal(0, code)
    assert.equal("", errors)
    for flag, default in pairs {
      host = "127.0.0.1", port = "8080", cache = "my-cache", ["max-messages"] = "1024",
      ["max-bytes"] = "1048576", ["max-age"] = "60", hold = "60", ["max-message-bytes"] = "4096",
      ["drain-seconds"] = "5", ["request-timeout"] = "30", ["idle-timeout"] = "120",
      ["write-timeout"] = "30", ["max-header-bytes"] = "16384",
    } do
      local entry = out:match("\n  %-%-" .. flag:gsub("%-", "%%-") .. " ([^\n]+)")
      assert.truthy(entry:find("(default " .. default .. ")", 1, true), entry)
    end
    for entry in out:gsub("\n  %-%-", "\0"):gmatch "%z([^%z]+)" do
      if not entry:match "^help" and not entry:match "^version" then
        assert.matches("%(default", entry)
      end
    end
  end)

  it("tells its version", function()
    assert.same({ 0, "topicsd " .. require "momento.version" .. "\n", "" }, { run "--version" })
  end)

  for _, row in ipairs {
    { "--bogus", "unknown flag --bogus" },
    { "extra", 'unexpected argument "extra"' },
    { "--port", "--port needs a value" },
    { "--port=65536", "--port must be a number from 0 to 65535" },
    { "--port=-1", "--port must be a number" },
    { "--port=http", "--port must be a number" },
    { "--port=", "--port must be a number" },
    { "--max-messages=0", "--max-messages must be a number from 1" },
    { "--max-messages=1e3", "--max-messages must be a number" },
    { "--max-bytes= 5", "--max-bytes must be a number" },
    { "--max-message-bytes=100000001", "--max-message-bytes must be a number from 0 to 100000000" },
    { "--hold=0", "--hold must be a number from 0.001" },
    { "--hold=1.2345", "--hold must be a number" },
    { "--hold=1.", "--hold must be a number" },
    { "--max-age=99999999999999999999", "--max-age must be a number" },
    { "--no-auth=yes", "unknown flag --no-auth:" },
    { "--apikey=SECRET", "unknown flag --apikey:" },
    { "-k=SECRET", "unknown flag -k:" },
    { "--public-url=foo", 'must be http://host[:port] or https://host[:port], not "foo"' },
    { "--public-url=http://host:0", "--public-url must be http://host[:port]" },
    { "--public-url=https://host/path", "--public-url must be http://host[:port]" },
    { "--cache=", "--cache" },
    { "--cache=a\nb", "--cache" },
    { "--api-key=", "--api-key" },
    { "--host=", "--host must not be empty" },
    { "--host=203.0.113.1", "cannot listen on 203.0.113.1 port 8080" },
  } do
    it(("refuses %q in one line"):format(row[1]), function()
      local code, out, errors = run(row[1])
      assert.equal(2, code)
      assert.equal("", out)
      assert.matches("^topicsd: [^\n]+\n$", errors)
      assert.is_nil(errors:find "SECRET")
      assert.truthy(errors:find(row[2], 1, true), errors)
    end)
  end

  it("does not take a key for the flag that is wrong", function()
    local code, _, errors = run("--api-key", "SECRET", "-xyz")
    assert.equal(2, code)
    assert.equal("topicsd: unknown flag -x: see topicsd --help\n", errors)
  end)

  it("refuses a port in use in one line", function()
    local server = Topicsd.start {}
    local code, out, errors = run("--port", tostring(server.port))
    assert.equal(2, code)
    assert.equal("", out)
    assert.equal(("topicsd: cannot listen on 127.0.0.1 port %d: Address already in use\n")
      :format(server.port), errors)
  end)

  for _, signal in ipairs { "TERM", "INT" } do
    it("answers whoever waits, and ends with 0, on SIG" .. signal, function()
      local server = Topicsd.start { "--no-auth" }
      local polls = {}
      for i = 1, 50 do
        polls[i] = http.connect("127.0.0.1", server.port)
        local query = i % 2 == 0 and "?sequence_number=1" or ""
        assert(polls[i]:send("GET /topics/my-cache/x" .. query .. " HTTP/1.1\r\nHost: h\r\n\r\n"))
      end
      local idle = http.connect("127.0.0.1", server.port)
      -- Whoever connected before has been heard once this is answered.
      assert.equal(200, (http.request(server.url .. "/topics/my-cache/x?sequence_page=1")))
      server.process:kill(signal)
      for i, connection in ipairs(polls) do
        local status, headers, body = http.read_answer(connection)
        assert.equal(200, status)
        assert.equal("close", headers.connection)
        assert.matches(i % 2 == 0 and '^{"items":%[%]}$' or '"discontinuity"', body)
        connection:close()
      end
      assert.equal("closed", (select(2, idle:receive(1))))
      assert.equal(0, server.process:wait())
    end)
  end

  it("answers whoever waits even when there is no time to drain", function()
    local server = Topicsd.start { "--no-auth", "--drain-seconds", "0" }
    local polls = {}
    for i = 1, 300 do -- more than a round sends
      polls[i] = http.connect("127.0.0.1", server.port)
      assert(polls[i]:send "GET /topics/my-cache/x HTTP/1.1\r\nHost: h\r\n\r\n")
    end
    -- Whoever connected before has been heard once this is answered.
    assert.equal(200, (http.request(server.url .. "/topics/my-cache/x?sequence_page=1")))
    server.process:kill "TERM"
    for i, connection in ipairs(polls) do
      local status, _, body = http.read_answer(connection)
      assert.equal(200, status, i)
      assert.matches('"discontinuity"', body)
      connection:close()
    end
    assert.equal(0, server.process:wait())
  end)

  -- Sends all of a request but its body of 2 bytes, which the server then waits for.
  local function announce(connection)
    assert(connection:send("POST /topics/my-cache/x HTTP/1.1\r\nHost: h\r\n"
      .. "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"))
    assert.equal("HTTP/1.1 100 Continue", (connection:receive "*l"))
    assert.equal("", (connection:receive "*l"))
  end

  it("finishes the request that is arriving when it is told to end", function()
    local server = Topicsd.start { "--no-auth", "--drain-seconds", "60" }
    local connection = http.connect("127.0.0.1", server.port)
    announce(connection)
    server.process:kill "TERM"
    process.wait_until(function() return not http.connectable(server.port) end)
    assert(connection:send "ab")
    local status, headers = http.read_answer(connection)
    assert.equal(204, status)
    assert.equal("close", headers.connection)
    connection:close()
    assert.equal(0, server.process:wait())
  end)

  it("ends at once on a second signal", function()
    local server = Topicsd.start { "--no-auth", "--drain-seconds", "600" }
    local connection = http.connect("127.0.0.1", server.port)
    announce(connection)
    server.process:kill "TERM"
    process.wait_until(function() return not http.connectable(server.port) end)
    assert.is_nil(server.process:exit_code())
    server.process:kill "TERM"
    assert.equal(128 + 15, server.process:wait())
    connection:close()
  end)

  it("does not wait for clients longer than it is told to", function()
    local server = Topicsd.start { "--no-auth", "--drain-seconds", "0.1" }
    local connection = http.connect("127.0.0.1", server.port)
    assert(connection:send "GET /half HTTP/1.1\r\n")
    assert.equal(200, (http.request(server.url .. "/topics/my-cache/x?sequence_page=1")))
    assert.equal(0, server:stop())
    connection:close()
  end)
end)

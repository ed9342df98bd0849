-- topicsd's files: the options in them, what SIGHUP reads again, and the access log.

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"

describe("topicsd", function()
  local directory

  before_each(function() directory = process.directory() end)
  after_each(function() Topicsd.stop_all() end)

  local function write(name, text)
    local path = directory .. "/" .. name
    local file = assert(io.open(path, "wb"))
    assert(file:write(text))
    file:close()
    return path
  end

  local function status_of(server, cache, token)
    return (http.request(("%s/topics/%s/x?sequence_page=1"):format(server.url, cache), {
      headers = { Authorization = token },
    }))
  end

  local function reload(server)
    local _, before = server.process:errors():gsub("\n", "")
    server.process:kill "HUP"
    process.wait_until(function()
      return select(2, server.process:errors():gsub("\n", "")) > before
    end, 30, "a word about the reload")
    return server.process:errors():match "([^\n]*)\n$"
  end

  it("takes flags from a file, and those of the command line before them", function()
    local config = write("config", "# comment\n\n  cache  one \r\ncache a b\nmax-message-bytes 10\n"
      .. "api-key filed\nauto-create-caches\nmax-headers 3")
    local server = Topicsd.start { "--max-headers", "9", "--config", config, "--cache", "two" }
    assert.matches("%(caches: one, a b, two%)", server:log())
    assert.equal(200, status_of(server, "new", "filed"))
    local status = http.request(server.url .. "/topics/one/x", {
      body = ("x"):rep(11), headers = { Authorization = "filed", A = "1", B = "2" },
    })
    assert.equal(429, status)
  end)

  for _, row in ipairs {
    { "bogus 1\n", "config:1: there is no flag bogus" },
    { "# comment\r\n\r\n  bogus 1\r\nbogus 2\r\n", "config:3: there is no flag bogus" },
    { "\n\nhold soon", "config:3: --hold must be a number" },
    { "cache x\npublic-url foo\n", "config:2: --public-url must be http" },
    { "api-keys-file /dev/null\n", "/dev/null: there is no key in it" },
    { "--port 1\n", "there is no flag --port" },
    { "config other\n", "there is no flag config" },
    { "help\n", "there is no flag help" },
    { "hold\n", "config:1: hold needs a value" },
    { "no-auth yes\n", "no-auth takes no value" },
    { "hold soon\n", "--hold must be a number" },
    { "api-keys-file /no/such/file\n", "/no/such/file: No such file or directory" },
    { "token-secret-file /dev/null\n", "a secret must have 16 bytes or more" },
    { "access-log /no/such/directory/log\n", "cannot open /no/such/directory/log" },
    { "trusted-proxy here\n", '"here" is neither an address nor a range' },
    { "limits none\n", '--limits knows "hosted" only' },
    { "hold 1\0\n", "not a text" },
  } do
    it(("refuses a file that says %q"):format(row[1]), function()
      local child = process.start {
        Topicsd.program, "--port", "0", "--config", write("config", row[1]),
      }
      assert.equal(2, child:wait())
      assert.equal("", child:output())
      assert.matches("^topicsd: [^\n]+\n$", child:errors())
      assert.truthy(child:errors():find(row[2], 1, true), child:errors())
    end)
  end

  it("is run by the systemd example with keys that a reload reads again", function()
    local unit = process.read_file "examples/systemd/topicsd.service"
    local flags = { Topicsd.program }
    for word in unit:match "\nExecStart=%S+ ([^\n]+)":gmatch "%S+" do flags[#flags + 1] = word end
    local keys = write("keys", "old\n")
    for i, word in ipairs(flags) do
      if word == "--port" then flags[i + 1] = "0" end
      if word == "--api-keys-file" then
        assert.matches("^/", flags[i + 1], "a copy of systemd's is as old as the start")
        flags[i + 1] = keys
      end
    end
    local child = process.start(flags)
    child:wait_for_output "MOMENTO_API_KEY"
    write("keys", "new\nother\n")
    child:kill "HUP"
    process.wait_until(function() return child:errors():find("1 caches, 2 keys", 1, true) end, 30)
    assert.equal(0, child:stop(20))
  end)

  it("reads keys and caches again on SIGHUP, and drops nobody who waits", function()
    local keys = write("keys", "old\nboth\n")
    local config = write("config", "cache stays\ncache goes\n")
    local server = Topicsd.start {
      "--config", config, "--api-keys-file", keys, env = { TOPICSD_API_KEYS = "given" },
    }
    local function poll(cache)
      local connection = http.connect("127.0.0.1", server.port)
      assert(connection:send(("GET /topics/%s/t HTTP/1.1\r\nHost: h\r\nAuthorization: old\r\n\r\n")
        :format(cache)))
      return connection
    end
    local stays, goes = poll "stays", poll "goes"
    assert.equal(200, status_of(server, "goes", "both"))

    write("keys", "# new ones\nboth\nnew\n")
    write("config", "cache stays\ncache comes\n")
    assert.equal("topicsd: reloaded: 2 caches, 3 keys", reload(server))
    for token, status in pairs { old = 401, both = 200, new = 200, given = 200 } do
      assert.equal(status, status_of(server, "stays", token), token)
    end
    assert.equal(200, status_of(server, "comes", "new"))
    assert.equal(404, status_of(server, "goes", "new"))
    assert.equal(404, (http.read_answer(goes)))

    assert.equal(204, (http.request(server.url .. "/topics/stays/t", {
      body = "still here", headers = { Authorization = "new" },
    })))
    local status, _, body = http.read_answer(stays)
    assert.equal(200, status)
    assert.truthy(body:find("still here", 1, true), body)

    write("config", "bogus\n")
    assert.matches("^topicsd: not reloaded: .*there is no flag bogus$", reload(server))
    assert.equal(200, status_of(server, "comes", "new"))
    write("config", "cache goes\n")
    reload(server)
    assert.equal(404, status_of(server, "comes", "new"))
    assert.equal(200, status_of(server, "goes", "new"))
    stays:close()
    goes:close()
  end)

  it("is not kept from ending in order by SIGHUP", function()
    local server = Topicsd.start { "--drain-seconds", "20" }
    local half = http.connect("127.0.0.1", server.port)
    assert(half:send "GET /topics/my-cache/x HTTP/1.1\r\n")
    assert.equal(401, status_of(server, "my-cache", "none"))
    server.process:kill "TERM"
    process.wait_until(function()
      local connection = require("socket").connect("127.0.0.1", server.port)
      if connection then connection:close() end
      return not connection
    end, 30, "an end to accepting")
    server.process:kill "HUP"
    half:close()
    assert.equal(0, server.process:wait())
  end)

  it("does not make a key of its own when the file of keys has none", function()
    local keys = write("keys", "# none yet\n\n")
    local child = process.start { Topicsd.program, "--port", "0", "--api-keys-file", keys }
    assert.equal(2, child:wait())
    assert.equal(("topicsd: %s: there is no key in it\n"):format(keys), child:errors())
    local server = Topicsd.start { "--api-keys-file", keys, env = { TOPICSD_API_KEYS = "given" } }
    assert.equal(200, status_of(server, "my-cache", "given"))
    assert.equal(200, status_of(Topicsd.start { "--api-keys-file", keys, "--no-auth" }, "my-cache"))
  end)

  it("keeps its own key over SIGHUP", function()
    local server = Topicsd.start {}
    assert.equal("topicsd: reloaded: 1 caches, 0 keys", reload(server))
    assert.equal(200, status_of(server, "my-cache", server.key))
  end)

  it("logs who asked for what, never with a token, into a file that can be rotated", function()
    local path = directory .. "/access.log"
    local server = Topicsd.start {
      "--api-key", "secret", "--access-log", path, "--trusted-proxy", "127.0.0.0/8",
    }
    local function lines()
      return process.read_file(path) or ""
    end
    local function wait_for(pattern)
      process.wait_until(function() return lines():match(pattern) end, 30, function()
        return pattern .. " in:\n" .. lines()
      end)
    end
    local topic = server.url .. "/topics/my-cache/a%22b%5C"
    http.request(topic .. "?token=secret", { body = "x" })
    http.request(topic .. "?sequence_page=1&token=secret", {
      headers = { ["X-Forwarded-For"] = "9.9.9.9, 192.0.2.7" },
    })
    http.request(topic, { headers = { Authorization = "secret2" } })
    http.raw("127.0.0.1", server.port, "GET /topics/my-cache/two HTTP/1.0\r\n"
      .. "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 192.0.2.8\r\n\r\n")
    http.raw("127.0.0.1", server.port, "secret\r\n\r\n")
    local leaving = http.connect("127.0.0.1", server.port)
    leaving:send "GET /topics/my-cache/left?token=secret HTTP/1.1\r\nHost: h\r\n\r\n"
    assert.equal(200, status_of(server, "my-cache", "secret"))
    leaving:close()

    local stamp = "%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ "
    local rest = " %d+ %d+%.%d%d%d\n"
    wait_for(stamp .. '127%.0%.0%.1 "POST /topics/my%-cache/a%%22b%%5C" 204' .. rest)
    wait_for(stamp .. '192%.0%.2%.8 "GET /topics/my%-cache/two" 401' .. rest)
    wait_for(stamp .. '192%.0%.2%.7 "GET /topics/my%-cache/a%%22b%%5C" 200' .. rest)
    wait_for(stamp .. '127%.0%.0%.1 "GET /topics/my%-cache/a%%22b%%5C" 401' .. rest)
    wait_for(stamp .. '127%.0%.0%.1 "%-" 400' .. rest)
    wait_for(stamp .. '127%.0%.0%.1 "GET /topics/my%-cache/left" %- 0' .. rest:gsub("^ %%d%+", ""))
    assert.is_nil(lines():find "secret")

    assert(os.rename(path, path .. ".1"))
    reload(server)
    http.request(server.url .. '/a"b\\c')
    wait_for('"GET /a\\x22b\\x5cc" 404' .. rest)
    assert.is_nil(lines():find "my%-cache")
  end)

  it("waits for nobody to read the access log, and counts the lines that it loses", function()
    local path = directory .. "/fifo"
    process.capture("mkfifo " .. process.quote(path))
    local server = Topicsd.start { "--no-auth", "--admin-port", "0", "--access-log", path }
    local admin = server.process:wait_for_output "admin on (http://[%d.:]+)\n"
    local function dropped()
      local _, _, metrics = http.request(admin .. "/metrics")
      return tonumber(metrics:match "\ntopicsd_access_log_dropped_total (%d+)\n")
    end
    assert.equal(0, dropped())
    for _ = 1, 60 do -- lines of 32 000 bytes: more than the pipe and the server keep
      assert.equal(404, (http.request(server.url .. "/" .. ('"'):rep(8000))))
    end
    assert.is_true(dropped() > 0)

    local reader = process.start { "cat", path }
    process.wait_until(function()
      assert.equal(404, (http.request(server.url .. "/again")))
      return reader:output():match 'Z 127%.0%.0%.1 "GET /again" 404 %d+ %d+%.%d%d%d\n'
    end, 30, "lines of the log")
    for line in reader:output():gmatch "([^\n]*)\n" do
      assert.matches('^[%d:.TZ-]+ 127%.0%.0%.1 "GET /[^"]+" %d+ %d+ %d+%.%d%d%d$', line)
    end
    assert.equal(0, server:stop())
    assert.equal(0, reader:wait())
  end)

  it("makes tokens that a server with the same secret takes", function()
    local secret = write("secret", "0123456789abcdef\n")
    local server = Topicsd.start { "--api-key", "secret", "--token-secret-file", secret }
    local function token(...)
      local child = process.start {
        Topicsd.program, "token", "--token-secret-file", secret, "--endpoint", server.url, ...,
      }
      assert.equal(0, child:wait(), child:errors())
      return (child:output():gsub("\n$", ""))
    end
    local all = token("--permit", "publishsubscribe:*/*")
    local chat = token("--permit", "subscribeonly:my-cache/x", "--token-id", "ann")
    local prefix = token("--permit", "publishonly:my-cache/x*", "--permit", "subscribeonly:c/x",
      "--expires-in", "60")
    assert.equal(200, status_of(server, "my-cache", all))
    assert.equal(404, status_of(server, "c", all))
    assert.equal(200, status_of(server, "my-cache", chat))
    assert.equal(403, status_of(server, "c", chat))
    assert.equal(403, status_of(server, "my-cache", prefix))
    assert.equal(204, (http.request(server.url .. "/topics/my-cache/xyz", {
      body = "x", headers = { Authorization = prefix },
    })))
  end)

  for _, row in ipairs {
    { "--permit is missing" },
    { 'cannot read "role"', "--permit", "role" },
    { 'cannot read "publishonly:cache"', "--permit", "publishonly:cache" },
    { "permissions must be", "--permit", "admin:c/t" },
    { "permissions must be", "--permit", "publishonly:/t" },
    { "expires_in must be", "--permit", "publishonly:c/t", "--expires-in", "90001" },
    { "--expires-in must be", "--permit", "publishonly:c/t", "--expires-in", "1h" },
    { "token_id must have", "--permit", "publishonly:c/t", "--token-id", "" },
    { "unknown flag --bogus", "--bogus" },
    { "unknown flag --bogus:", "--bogus=SECRET" },
    { 'unexpected argument "x"', "x" },
    { "No such file", "--permit", "publishonly:c/t", "--token-secret-file", "/no/such/file" },
  } do
    it("makes no token: " .. table.concat(row, " ", 2), function()
      local words = { Topicsd.program, "token", "--token-secret-file", write("s", ("x"):rep(16)) }
      for i = 2, #row do words[#words + 1] = row[i] end
      local child = process.start(words)
      assert.equal(2, child:wait())
      assert.equal("", child:output())
      assert.matches("^topicsd: [^\n]+\n$", child:errors())
      assert.truthy(child:errors():find(row[1], 1, true), child:errors())
      assert.is_nil(child:errors():find "SECRET")
    end)
  end
end)

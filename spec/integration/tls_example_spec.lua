-- examples/tls/nginx.conf as it stands, but for ports: the commands in its head, and a thousand
-- subscriptions of one Lua process over one HTTP/2 connection.

local Topicsd = require "spec.support.topicsd"
local http = require "spec.support.http"
local process = require "spec.support.process"
local socket = require "socket"

local COUNT = 1000
local BYTES_EACH = 16384 -- 12 KB is what they are to need; the rest is for the system's ways

describe("examples/tls/nginx.conf", function()
  local directory, example, server, admin, nginx, port

  local function free_port()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, free = listener:getsockname()
    listener:close()
    return tonumber(free)
  end

  -- Somebody else may take the port before nginx does: then it takes another.
  local function start_nginx()
    for _ = 1, 20 do
      port = free_port()
      local text = example:gsub("8443", tostring(port)):gsub("127%.0%.0%.1:8080",
        "127.0.0.1:" .. server.port)
      local file = assert(io.open(directory .. "/nginx.conf", "w"))
      file:write(text)
      file:close()
      nginx = process.start { "nginx", "-p", directory, "-c", "nginx.conf", "-g", "daemon off;",
        "-e", directory .. "/start.log" }
      process.wait_until(function() return http.connectable(port) or nginx:exit_code() end, 30)
      if not nginx:exit_code() then return end
    end
    error("nginx does not start: " .. process.read_file(directory .. "/start.log"))
  end

  setup(function()
    directory = process.directory()
    example = process.read_file "examples/tls/nginx.conf"
    local openssl = example:match "#   (openssl.-)\n#   topicsd":gsub("\n# *", "\n")
    process.capture(("cd '%s' && (%s) 2>&1"):format(directory, openssl))
    local flags = { "--hold", "600", "--admin-port", "0" }
    local line = example:match "#   topicsd %-%-port 8080 ([^\n]*)"
    -- The server is also asked itself, and the public URL's port is another here.
    for word in line:gsub("%-%-public%-url %S+", ""):gmatch "%S+" do
      flags[#flags + 1] = word
    end
    server = Topicsd.start(flags)
    admin = server.process:wait_for_output "admin on (http://[%d.:]+)\n"
    start_nginx()
  end)
  teardown(function()
    nginx:stop()
    Topicsd.stop_all()
  end)

  local function waiters()
    local _, _, body = http.request(admin .. "/metrics")
    return tonumber(body:match "\ntopicsd_waiters (%d+)\n")
  end

  local function connections()
    local count = 0
    for line in io.lines "/proc/net/tcp" do
      local at, state = line:match "^%s*%d+: %x+:(%x+) %x+:%x+ (%x+)"
      if at and tonumber(at, 16) == port and state == "01" then count = count + 1 end
    end
    return count
  end

  local function memory(pid)
    return process.read_file(("/proc/%d/status"):format(pid)):match "VmRSS:%s*(%d+)" * 1024
  end

  it("takes 1000 subscriptions of a process over one connection", function()
    local child = process.start {
      process.lua, "spec/support/many_polls.lua", tostring(COUNT), directory .. "/cert.pem",
      stdin = "fifo",
      env = {
        MOMENTO_API_KEY = server.key, MOMENTO_ENDPOINT = "https://localhost:" .. port,
      },
    }
    local function wait_for(count)
      process.wait_until(function() return waiters() == count end, 60, function()
        return ("%d waiters, there are %d: %s"):format(count, waiters(), child:errors())
      end)
    end
    wait_for(1)
    local before = memory(child.pid)
    child:write "go\n"
    wait_for(1 + COUNT)
    local each = (memory(child.pid) - before) / COUNT
    print(("  %d subscriptions over TLS: %.1f KB each"):format(COUNT, each / 1024))
    assert.equal(1, connections())
    assert.is_true(each <= BYTES_EACH, each)

    for number = 0, COUNT do
      assert.equal(204, (http.request(("%s/topics/my-cache/topic-%d"):format(server.url, number), {
        body = "x", headers = { Authorization = server.key },
      })))
    end
    child:write "go on\n"
    assert.equal(0, child:wait(60), child:errors())
    assert.equal("done\n", child:output())
  end)
end)

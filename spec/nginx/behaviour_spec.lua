-- The behaviour suite of the loops inside nginx: in a request and in a timer, over HTTP and over
-- TLS, with subscriptions and with listeners of the hub.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Certificates = require "spec.support.certificates"
local Dns = require "spec.support.dns"
local Peer = require "spec.support.peer"
local Topicsd = require "spec.support.topicsd"
local cases = require "spec.loop.behaviour"
local cjson = require "cjson"
local http = require "spec.support.http"
local process = require "spec.support.process"

-- A proxy that takes TLS off, as people put one in front of topicsd.
local proxy = [[
server {
  listen 127.0.0.1:PORT2 ssl;
  server_name topics.test;
  ssl_certificate %s/topics.test.pem;
  ssl_certificate_key %s/topics.test.key;
  location / {
    proxy_pass http://127.0.0.1:%d;
    proxy_read_timeout 90s;
  }
}
]]

local call = [[
  require "spec.nginx.behaviour_harness".run(%d, require "cjson".decode(%q))
]]

describe("in nginx", function()
  local topicsd, nginx, front, settings
  local directory

  setup(function()
    directory = process.directory()
    topicsd = Topicsd.start { "--cache", "c", "--admin-port", "0" }
    local certificates, dns = Certificates.new(), Dns.start()
    certificates:authority "ca"
    certificates:host("topics.test", "ca")
    local at = certificates.directory
    front = Nginx.start {
      http = proxy:format(at, at, topicsd.port),
      -- While topicsd is away.
      expect = { "while reading response header from upstream", "while connecting to upstream" },
    }
    nginx = Nginx.start {
      http = ("resolver 127.0.0.1:%d ipv6=off; lua_ssl_trusted_certificate %s/ca.pem;"):format(
        dns.port, at),
      expect = { "recv%(%) failed %(104: Connection reset" },
    }
    local dead = Peer.start { { close = true } }
    dead:stop()
    local answers = {}
    for _, status in ipairs { 401, 403, 404 } do
      answers[tostring(status)] =
        Peer.start({ { send = Peer.answer(status, "{}"), close = true } }).url
    end
    settings =
      { key = topicsd.key, dead_url = dead.url, answers = answers, directory = directory }
  end)

  teardown(function()
    nginx:stop()
    front:stop()
    Topicsd.stop_all()
  end)

  -- Another one after each restart.
  local function admin_port()
    return tonumber((topicsd.process:wait_for_output "admin on http://127%.0%.0%.1:(%d+)\n"))
  end

  -- Does what the case asks for with a file.
  local function attend()
    local path = directory .. "/restart"
    local signal = process.read_file(path)
    if not signal or signal == "" then return end
    os.remove(path)
    if signal == "KILL" then topicsd:kill() else topicsd:stop() end
    topicsd:restart()
    assert(io.open(directory .. "/restarted", "w")):close()
  end

  -- As nginx:run(), but looks after restarts meanwhile.
  local function run(phase, code)
    local connection = http.connect("127.0.0.1", nginx.port)
    assert(connection:send(
      ("POST /run/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s")
        :format(phase, #code, code)))
    local answer = {}
    connection:settimeout(0)
    process.wait_until(function()
      attend()
      local all, problem, part = connection:receive "*a"
      answer[#answer + 1] = all or part
      return all or problem == "closed"
    end, 120, "the case to end")
    connection:close()
    local status, _, body = http.parse(table.concat(answer))
    assert.equal(200, status, body)
  end

  for _, way in ipairs {
    { "in a request", phase = "content" },
    { "in a timer", phase = "timer" },
    { "in a request, over TLS", phase = "content", tls = true },
    { "in a timer, over TLS", phase = "timer", tls = true },
    { "through the hub", phase = "content", hub = true },
  } do
    describe(way[1], function()
      for index, case in ipairs(cases) do
        it(case[1], function()
          settings.hub = way.hub or false
          settings.admin = way.tls and admin_port() or nil
          settings.url = way.tls and "https://topics.test:" .. front.port2 or topicsd.url
          run(way.phase, call:format(index, cjson.encode(settings)))
        end)
      end
    end)
  end
end)

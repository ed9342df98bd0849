-- TLS from inside nginx: the name and the certificate are verified, and whatever is missing in
-- nginx.conf is told by the name of its directive.

local Nginx = require "spec.support.nginx"
if Nginx.elsewhere then return end

local Certificates = require "spec.support.certificates"
local Dns = require "spec.support.dns"

-- A server for each name, with the certificate of another one where a row says so.
local hosts = {
  { "good.test", by = "ca" },
  { "chained.test", by = "middle", chain = { "middle" } },
  { "deep.test", by = "second", chain = { "second", "middle" } },
  { "unknown.test", by = "stranger" },
  { "revealed.test", by = "stranger", chain = { "stranger" } },
  { "own.test" },
  { "wrong.test", certificate = "good.test" },
}

local upstream = [[
server {
  listen 127.0.0.1:PORT2 ssl;
  server_name %s;
  ssl_certificate %s.pem;
  ssl_certificate_key %s.key;
  location / { return 204; }
  location /topics/c/names { return 200 $ssl_server_name; }
}
]]

local publish = [[
  local client, message, code, detail = require "momento".client {
    api_key = "key", endpoint = %q, timeout = 20,
  }
  if not client then return nil, message, code, detail end
  return client:publish("c", "t", "hello")
]]

describe("TLS in nginx", function()
  local certificates, dns, peer
  local complete, without_authority, without_resolver

  setup(function()
    certificates = Certificates.new()
    certificates:authority "ca"
    certificates:authority "stranger"
    certificates:authority("middle", "ca")
    certificates:authority("second", "middle")
    local servers = {}
    for _, host in ipairs(hosts) do
      local name = host[1]
      if not host.certificate then
        certificates:host(name, host.by)
        certificates:chain(name, host.chain or {})
      end
      local file = certificates.directory .. "/" .. (host.certificate or name)
      servers[#servers + 1] = upstream:format(name, file, file)
    end
    peer = Nginx.start { http = table.concat(servers) }
    dns = Dns.start()
    local resolver = ("resolver 127.0.0.1:%d ipv6=off;"):format(dns.port)
    local trusted = ("lua_ssl_trusted_certificate %s/ca.pem;"):format(certificates.directory)
    complete = Nginx.start { http = resolver .. trusted }
    without_authority = Nginx.start { http = resolver }
    without_resolver = Nginx.start { http = trusted }
  end)

  teardown(function()
    for _, server in ipairs { complete, without_authority, without_resolver, peer } do
      server:stop()
    end
  end)

  local function url(name) return ("https://%s:%d"):format(name, peer.port2) end

  for _, name in ipairs { "good.test", "chained.test" } do
    it("publishes to " .. name, function()
      for _, phase in ipairs { "content", "timer" } do
        assert.is_true((complete:run(phase, publish, url(name))))
      end
    end)
  end

  local refused = {
    { "wrong.test", "complete", "the certificate is for another name than wrong.test" },
    { "unknown.test", "complete", "is not in the file of `lua_ssl_trusted_certificate`" },
    { "revealed.test", "complete", "is unknown: add it to the file of" },
    { "own.test", "complete", "is signed by itself: add it to the file of" },
    { "deep.test", "complete", "`lua_ssl_verify_depth`" },
    { "good.test", "without_authority", "set `lua_ssl_trusted_certificate` in nginx.conf" },
    { "good.test", "without_resolver", "set `resolver` in nginx.conf" },
  }

  for _, row in ipairs(refused) do
    it(("says why %s fails with a configuration that is %s"):format(row[1], row[2]), function()
      local server = ({
        complete = complete,
        without_authority = without_authority,
        without_resolver = without_resolver,
      })[row[2]]
      local published, message, code, detail = server:run("content", publish, url(row[1]))
      assert.is_nil(published)
      assert.truthy(message:find(row[3], 1, true), message)
      assert.equal("CONNECTION_ERROR", code)
      assert.is_false(detail.retryable)
      assert.is_true(detail.unsent)
    end)
  end

  it("tells a name that does not exist, and may try it again", function()
    local _, message, code, detail = complete:run("content", publish, url "nowhere.test")
    assert.truthy(message:find("nowhere.test could not be resolved", 1, true), message)
    assert.equal("CONNECTION_ERROR", code)
    assert.is_true(detail.retryable)
  end)

  it("refuses an address, which nginx cannot verify", function()
    for _, host in ipairs { "127.0.0.1", "[::1]" } do
      local client, message, code = complete:run("content", publish, url(host))
      assert.is_nil(client)
      assert.truthy(message:find("cannot verify the certificate of an address", 1, true), message)
      assert.truthy(message:find("`resolver`", 1, true), message)
      assert.equal("INVALID_ARGUMENT_ERROR", code)
    end
  end)

  it("names the directives that take the place of options", function()
    for option, directive in pairs {
      ["ca_file = 'x'"] = "`lua_ssl_trusted_certificate`",
      ["loop = 'update'"] = "nginx is the loop",
    } do
      local client, message = complete:run("content",
        "return require 'momento'.client { api_key = 'k', endpoint = %q, %s }", url "good.test",
        option)
      assert.is_nil(client)
      assert.truthy(message:find(directive, 1, true), message)
    end
  end)

  it("tells the server its name, and keeps connections of two names apart", function()
    local first, second = complete:run("content", [[
      local Transport = require "momento.transport.ngx"
      local names = {}
      for _, origin in ipairs { %q, %q, %q } do
        local transport = assert(Transport.new {
          origin = origin, authorization = "key", user_agent = "spec", connect_timeout = 5,
          max_body = 1000,
        })
        local ticket = assert(transport:poll "/topics/c/names")
        local _, body = transport:wait(ticket)
        names[#names + 1] = body
      end
      return names[1], names[2]
    ]], url "good.test", url "chained.test", url "good.test")
    assert.same({ "good.test", "chained.test" }, { first, second })
  end)
end)

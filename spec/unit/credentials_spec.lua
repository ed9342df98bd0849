-- momento.credentials: keys and endpoints of every kind (protocol section 6).

local core = require "momento.core"
local credentials = require "momento.credentials"

local function base64url(text)
  return (core.base64_encode(text):gsub("+", "-"):gsub("/", "_"):gsub("=", ""))
end

local function jwt(claims)
  return base64url '{"alg":"HS256"}' .. "." .. base64url(claims) .. ".c2ln"
end

local V2 = jwt '{"t":"g","jti":"x"}'
local LEGACY = jwt '{"sub":"a@b.c","cp":"control.x.example.com","c":"cache.cell-x.example.com"}'
local DISPOSABLE = jwt '{"exp":1}'

local function v1(json)
  return core.base64_encode(json)
end

local V1 = v1('{"endpoint":"cell-9.prod.a.momentohq.com","api_key":"' .. DISPOSABLE .. '"}')

local function environment(variables)
  return function(name) return variables and variables[name] end
end

local function resolve(given, variables)
  return credentials.resolve(given, environment(variables))
end

describe("momento.credentials", function()
  local found = {
    { "a v1 key", { api_key = V1 },
      nil, "https://api.cache.cell-9.prod.a.momentohq.com", DISPOSABLE },
    { "a v1 key with its fields the other way round",
      { api_key = v1('{"api_key":"tok","endpoint":"cell-9.x.com"}') },
      nil, "https://api.cache.cell-9.x.com", "tok" },
    { "a v1 key with white space around", { api_key = " \t" .. V1 .. "\r\n" },
      nil, "https://api.cache.cell-9.prod.a.momentohq.com", DISPOSABLE },
    { "a v1 key without padding", { api_key = (V1:gsub("=", "")) },
      nil, "https://api.cache.cell-9.prod.a.momentohq.com", DISPOSABLE },
    { "a v1 key with a URL inside",
      { api_key = v1 '{"endpoint":"http://127.0.0.1:8080","api_key":"plain"}' },
      nil, "http://127.0.0.1:8080", "plain" },
    { "a v1 key and an endpoint, which wins", { api_key = V1, endpoint = "http://localhost:1" },
      nil, "http://localhost:1", DISPOSABLE },
    { "a v1 key, whose endpoint wins over the environment's", { api_key = V1 },
      { MOMENTO_ENDPOINT = "us-east-1" },
      "https://api.cache.cell-9.prod.a.momentohq.com", DISPOSABLE },
    { "a v1 key without an endpoint inside", { api_key = v1 '{"api_key":"tok"}' },
      { MOMENTO_ENDPOINT = "us-east-1" },
      "https://api.cache.cell-us-east-1-1.prod.a.momentohq.com", "tok" },
    { "a v2 key and a region", { api_key = V2, endpoint = "us-west-2" },
      nil, "https://api.cache.cell-4-us-west-2-1.prod.a.momentohq.com", V2 },
    { "a v2 key and the environment's endpoint", { api_key = V2 },
      { MOMENTO_ENDPOINT = " eu-west-1\n" },
      "https://api.cache.cell-1-eu-west-1-1.prod.a.momentohq.com", V2 },
    { "a legacy key", { api_key = LEGACY }, nil, "https://api.cache.cell-x.example.com", LEGACY },
    { "another token and an endpoint", { api_key = DISPOSABLE, endpoint = "cell.example.com" },
      nil, "https://api.cache.cell.example.com", DISPOSABLE },
    { "a plain key and a URL", { api_key = "s3cret", endpoint = "http://127.0.0.1:8080/" },
      nil, "http://127.0.0.1:8080", "s3cret" },
    { "both from the environment", {},
      { MOMENTO_API_KEY = V2, MOMENTO_ENDPOINT = "us-east-1" },
      "https://api.cache.cell-us-east-1-1.prod.a.momentohq.com", V2 },
    { "the older spelling", {}, { MOMENTO_AUTH_TOKEN = V1 },
      "https://api.cache.cell-9.prod.a.momentohq.com", DISPOSABLE },
    { "the newer spelling before the older", {},
      { MOMENTO_AUTH_TOKEN = "old", MOMENTO_API_KEY = V1 },
      "https://api.cache.cell-9.prod.a.momentohq.com", DISPOSABLE },
    { "an empty variable as none", {}, { MOMENTO_API_KEY = "", MOMENTO_AUTH_TOKEN = V1 },
      "https://api.cache.cell-9.prod.a.momentohq.com", DISPOSABLE },
  }
  for _, row in ipairs(found) do
    it("takes " .. row[1], function()
      local origin, token = resolve(row[2], row[3])
      assert.equal(row[4], origin, token)
      assert.equal(row[5], token)
    end)
  end

  local elsewhere = {
    { "the key names another", { api_key = V1 }, "us-east-1", 1 },
    { "the key names the same", { api_key = V1 }, "cell-9.prod.a.momentohq.com", 0 },
    { "an endpoint was passed", { api_key = V1, endpoint = "a.b" }, "us-east-1", 0 },
    { "it is used", { api_key = V2 }, "us-east-1", 0 },
    { "there is none", { api_key = V1 }, nil, 0 },
  }
  for _, row in ipairs(elsewhere) do
    it(("warns %d times of MOMENTO_ENDPOINT when %s"):format(row[4], row[1]), function()
      local warnings = {}
      row[2].logger = function(level, message)
        assert.equal("warn", level)
        warnings[#warnings + 1] = message
      end
      assert(resolve(row[2], { MOMENTO_ENDPOINT = row[3] }))
      assert.equal(row[4], #warnings)
      if warnings[1] then
        assert.matches("MOMENTO_ENDPOINT is not used", warnings[1], 1, true)
        assert.matches("cell-9.prod.a.momentohq.com", warnings[1], 1, true)
      end
    end)
  end

  local refused = {
    { "no key", {}, nil, "no API key: pass api_key or set MOMENTO_API_KEY" },
    { "an empty key", { api_key = " " }, { MOMENTO_API_KEY = V1 }, "no API key" },
    { "a v2 key alone", { api_key = V2 }, nil, "pass endpoint or set MOMENTO_ENDPOINT" },
    { "a plain key alone", { api_key = "s3cret" }, nil, "pass endpoint or set MOMENTO_ENDPOINT" },
    { "a v1 key cut short", { api_key = V1:sub(1, 40), endpoint = "us-east-1" }, nil,
      "cut short or changed" },
    { "base64 of an object that is no key", { api_key = v1 '{"a":"b"}', endpoint = "us-east-1" },
      nil, "cut short or changed" },
    { "a token with broken claims", { api_key = "eyJh.e30x.sig", endpoint = "us-east-1" }, nil,
      "cut short or changed" },
    { "a key in two lines", { api_key = "abc\ndef", endpoint = "us-east-1" }, nil, "in one line" },
    { "a key with a control byte", { api_key = "abc\1", endpoint = "us-east-1" }, nil,
      "control characters" },
    { "a line end inside a v1 key's token",
      { api_key = v1 '{"endpoint":"a.b","api_key":"x\\r\\nEvil: 1"}' }, nil, "in one line" },
    { "an unknown region", { api_key = V2, endpoint = "us-west-9" }, nil, "us-east-1" },
    { "a scheme that is none", { api_key = V2, endpoint = "ftp://a.b" }, nil, "http:// or https" },
    { "a path", { api_key = V2, endpoint = "https://a.b/topics" }, nil, "after the host and port" },
    { "a query", { api_key = V2, endpoint = "https://a.b?x=1" }, nil, "after the host and port" },
    { "a user", { api_key = V2, endpoint = "https://me:pw@a.b" }, nil, "no user name" },
    { "a port that is none", { api_key = V2, endpoint = "http://a.b:99999" }, nil, "valid host" },
    { "no host", { api_key = V2, endpoint = "https://" }, nil, "valid host" },
    { "white space", { api_key = V2, endpoint = "a b" }, nil, "no region, host or URL" },
    { "localhost without a scheme", { api_key = V2, endpoint = "localhost:8080" }, nil,
      "say http://localhost:8080" },
    { "an address without a scheme", { api_key = V2, endpoint = "127.0.0.1:8080" }, nil,
      "say http://127.0.0.1:8080" },
  }
  for _, row in ipairs(refused) do
    it("refuses " .. row[1], function()
      local origin, message, code, detail = resolve(row[2], row[3])
      assert.is_nil(origin)
      assert.matches(row[4], message, 1, true)
      assert.equal("INVALID_ARGUMENT_ERROR", code)
      assert.is_false(detail.retryable)
    end)
  end

  it("never shows a key, not even one passed as the endpoint", function()
    for _, given in ipairs {
      { api_key = "x", endpoint = V1 }, { api_key = "x", endpoint = V2 },
      { api_key = V1:sub(1, 50) }, { api_key = V2 }, { api_key = V2, endpoint = "us-west-9" },
      { api_key = "secret\nsecret", endpoint = "us-east-1" },
    } do
      local _, message = resolve(given)
      assert.is_nil(message:find("eyJ", 1, true))
      assert.is_nil(message:find("secret", 1, true))
    end
  end)

  local endpoints = {
    { "us-east-1", "https://api.cache.cell-us-east-1-1.prod.a.momentohq.com" },
    { "us-east-2", "https://api.cache.cell-1-us-east-2-1.prod.a.momentohq.com" },
    { "us-west-2", "https://api.cache.cell-4-us-west-2-1.prod.a.momentohq.com" },
    { "eu-west-1", "https://api.cache.cell-1-eu-west-1-1.prod.a.momentohq.com" },
    { "eu-west-2", "https://api.cache.cell-1-eu-west-2-1.prod.a.momentohq.com" },
    { "eu-central-1", "https://api.cache.cell-1-eu-central-1-1.prod.a.momentohq.com" },
    { "eu-north-1", "https://api.cache.cell-1-eu-north-1-1.prod.a.momentohq.com" },
    { "ap-south-1", "https://api.cache.cell-1-ap-south-1-1.prod.a.momentohq.com" },
    { "ap-northeast-1", "https://api.cache.cell-ap-northeast-1-1.prod.a.momentohq.com" },
    { "ap-southeast-1", "https://api.cache.cell-1-ap-southeast-1-1.prod.a.momentohq.com" },
    { "ap-southeast-2", "https://api.cache.cell-1-ap-southeast-2-1.prod.a.momentohq.com" },
    { "US-EAST-1", "https://api.cache.cell-us-east-1-1.prod.a.momentohq.com" },
    { "cell-7.example.com", "https://api.cache.cell-7.example.com" },
    { "cell-7.example.com:8443", "https://api.cache.cell-7.example.com:8443" },
    { "cache.cell-7.example.com", "https://api.cache.cell-7.example.com" },
    { "api.cache.cell-7.example.com", "https://api.cache.cell-7.example.com" },
    { "https://proxy.example.com", "https://proxy.example.com" },
    { "HTTP://proxy.example.com:81//", "http://proxy.example.com:81" },
    { "http://localhost", "http://localhost" },
    { "http://[::1]:8080", "http://[::1]:8080" },
  }
  for _, row in ipairs(endpoints) do
    it("goes to " .. row[2] .. " for " .. row[1], function()
      assert.equal(row[2], credentials.origin(row[1]))
    end)
  end
end)

-- momento.errors: a status and a body in, message, code, detail out (protocol section 5).

local errors = require "momento.errors"

describe("momento.errors", function()
  local statuses = {
    { 400, "BAD_REQUEST_ERROR", false },
    { 401, "AUTHENTICATION_ERROR", false },
    { 403, "PERMISSION_ERROR", false },
    { 404, "NOT_FOUND_ERROR", false },
    { 408, "TIMEOUT_ERROR", true },
    { 429, "LIMIT_EXCEEDED_ERROR", true },
    { 500, "INTERNAL_SERVER_ERROR", true },
    { 502, "SERVER_UNAVAILABLE", true },
    { 503, "SERVER_UNAVAILABLE", true },
    { 504, "SERVER_UNAVAILABLE", true },
    { 418, "UNKNOWN_SERVICE_ERROR", false },
    { 501, "UNKNOWN_SERVICE_ERROR", true },
    { 599, "UNKNOWN_SERVICE_ERROR", true },
    { 206, "UNKNOWN_SERVICE_ERROR", false },
    { 302, "UNKNOWN_SERVICE_ERROR", false },
  }
  for _, row in ipairs(statuses) do
    it(("maps %d to %s"):format(row[1], row[2]), function()
      local message, code, detail = errors.from_status(row[1], "", nil)
      assert.matches(tostring(row[1]), message, 1, true)
      assert.equal(row[2], code)
      assert.equal(row[1], detail.status)
      assert.equal(row[3], detail.retryable)
    end)
  end

  local texts = {
    { "detail first", '{"title":"T","detail":"D","message":"M"}', "D" },
    { "message next", '{"title":"T","message":"M","description":"X"}', "M" },
    { "description next", '{"title":"T","description":"X"}', "X" },
    { "title last", '{"status":404,"title":"T"}', "T" },
    { "passing over what is no string", '{"detail":7,"title":"T"}', "T" },
    { "raw text that is no JSON", "<html>bad</html>", "<html>bad</html>" },
    { "raw text of JSON without any of them", '{"a":1}', '{"a":1}' },
    { "raw text that is cut JSON", '{"detail":"D"', '{"detail":"D"' },
    { "one line", "a\r\nb\0c\t d\n", "a b c  d" },
  }
  for _, row in ipairs(texts) do
    it("takes " .. row[1], function()
      local message, _, detail = errors.from_status(400, row[2])
      assert.equal(row[3] .. " (the server answered 400)", message)
      assert.equal(row[2], detail.body)
    end)
  end

  it("caps the text at 1 KiB", function()
    local message = errors.from_status(500, ("x"):rep(5000))
    assert.equal(("x"):rep(1024) .. " (the server answered 500)", message)
  end)

  it("passes Retry-After on", function()
    local _, _, detail = errors.from_status(429, "", 7)
    assert.equal(7, detail.retry_after)
  end)

  it("calls what is too large final, and what came too often not", function()
    for err, retryable in pairs {
      item_size_limit_exceeded = false, operations_rate_limit_exceeded = true,
    } do
      local body = ('{"status":429,"detail":"D","err":"%s"}'):format(err)
      local _, code, detail = errors.from_status(429, body)
      assert.equal("LIMIT_EXCEEDED_ERROR", code)
      assert.equal(retryable, detail.retryable, err)
    end
  end)

  it("never shows the token, even when the server quotes it", function()
    local token = "eyJ.a-b+c/d.e%f"
    local message, _, detail =
      errors.from_status(401, '{"detail":"bad token ' .. token .. '"}', nil, token)
    assert.is_nil(message:find(token, 1, true))
    assert.is_nil(detail.body:find(token, 1, true))
    assert.matches("bad token ***", message, 1, true)
    local escaped = token:gsub("/", "\\/")
    message = errors.from_status(401, '{"detail":"bad token ' .. escaped .. '"}', nil, token)
    assert.matches("bad token ***", message, 1, true)
  end)

  it("says what to do about a refused key", function()
    assert.matches("check the API key", (errors.from_status(401, "")))
    assert.matches("does not permit", (errors.from_status(403, "")))
  end)

  it("gives what is wrong with an argument, and what was closed", function()
    assert.same({ nil, "m", "INVALID_ARGUMENT_ERROR", { retryable = false } },
      { errors.invalid "m" })
    assert.same({ nil, "the client is closed", "CANCELLED_ERROR", { retryable = false } },
      { errors.closed "client" })
  end)
end)

--- Rules of protocol sections 5 to 7: errors, credentials, limits.

local check = require "tools.conformance.check"

local LONGEST = 4096

-- A token of the server's own making, which may only poll one topic.
local function vend(t, topic, expires_in)
  return t:ask {
    method = "POST", target = "/tokens", content_type = "application/json",
    body = ('{"permissions":[{"role":"subscribeonly","cache":"*","topic":"%s"}],"expires_in":%d}')
      :format(topic, expires_in or 60),
  }
end

local function token_for(t, topic)
  local answer = vend(t, topic)
  if answer.status == 404 then return nil, "the server vends no tokens" end
  check.status(200, answer)
  return check.object(answer).api_key or check.fail "there is no api_key"
end

local function with_token(ask)
  return function(t)
    local topic = t:topic()
    local token, reason = token_for(t, topic)
    if not token then return reason end
    ask(t, topic, token)
  end
end

return {
  { 5, "seen", "an error is a JSON object that says why", function(t)
    check.refused(404, t:ask { target = "/topics/" .. t:topic() .. "/t?sequence_number=1" })
  end },
  { 5, "inferred", "it names its status", function(t)
    local answer = t:ask { target = "/topics/" .. t:topic() .. "/t?sequence_number=1" }
    check.refused(404, answer)
    check.equal(404, check.object(answer).status, "status in the body")
  end },
  { 6, "seen", "a key that is none is 401", function(t)
    check.refused(401, t:ask {
      method = "POST", target = t:path(t:topic()), body = "x", header_key = "none",
    })
  end },
  { 6, "seen", "a key with another end is 401", function(t)
    local forged = t.key:sub(1, -2) .. (t.key:sub(-1) == "a" and "b" or "a")
    check.refused(401, t:ask {
      method = "POST", target = t:path(t:topic()), body = "x", header_key = forged,
    })
  end },
  { 6, "inferred", "a key of the v1 form is taken whole, too", function(t)
    if t.whole_key == t.key then return "the key that was given is not of that form" end
    check.status(204, t:ask {
      method = "POST", target = t:path(t:topic()), body = "x", header_key = t.whole_key,
    })
  end },
  { 6, "inferred", "a token does what it permits", with_token(function(t, topic, token)
    check.status(204, t:publish(topic, "x"))
    check.equal("1=x", check.story(t:ask {
      target = t:path(topic) .. "?sequence_number=1", header_key = token,
    }), "the answer")
  end) },
  { 6, "inferred", "a token does nothing else: 403", with_token(function(t, topic, token)
    check.refused(403, t:ask {
      method = "POST", target = t:path(topic), body = "x", header_key = token,
    })
    check.refused(403, t:ask { target = t:path(topic .. "x"), header_key = token })
  end) },
  { 6, "seen", "a token lives 25 hours at most", function(t)
    local answer = vend(t, "x", 25 * 3600 + 1)
    if answer.status == 404 then return "the server vends no tokens" end
    check.refused(400, answer)
  end },
  { 7, "documented", "a message may have 4 KiB", function(t)
    local topic, value = t:topic(), ("x"):rep(LONGEST)
    check.status(204, t:publish(topic, value))
    check.equal(value, check.message(t:poll(topic, 1)).value.text, "the text")
  end },
  { 7, "inferred", "a longer one is 429 item_size_limit_exceeded", function(t)
    local answer = t:publish(t:topic(), ("x"):rep(LONGEST + 1))
    check.refused(429, answer)
    check.equal("item_size_limit_exceeded", check.object(answer).err, "err")
  end },
}

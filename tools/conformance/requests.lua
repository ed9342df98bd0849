--- Rules of protocol section 1: requests.

local check = require "tools.conformance.check"

-- What a message is once published with a content type: "text" or "binary", and its value.
local function published_as(t, content_type, bytes)
  local topic = t:topic()
  check.status(204, t:ask {
    method = "POST", target = t:path(topic), body = bytes, content_type = content_type,
  })
  local value = check.message(t:poll(topic, 1)).value
  if value.text then return "text", value.text end
  return "binary", check.octets(value)
end

local function is_text(content_type)
  return function(t)
    local kind, value = published_as(t, content_type, "v")
    check.equal("text", kind, "the value")
    check.equal("v", value, "the value")
  end
end

local function refused_name(topic)
  return function(t)
    check.refused(400, t:ask {
      method = "POST", target = t:path(topic), body = "x", content_type = "text/plain",
    })
  end
end

-- What is published to one spelling of a name is there under another, or is not.
local function names(one, other, same)
  return function(t)
    local topic = t:topic()
    check.status(204, t:publish(topic .. one, "first"))
    check.status(204, t:publish(topic .. other, "second"))
    check.equal(same and "1=first 2=second" or "1=second", check.story(t:poll(topic .. other, 1)),
      "what the other spelling has")
  end
end

local function every_origin(answer)
  check.equal("*", answer.headers["access-control-allow-origin"], "Access-Control-Allow-Origin")
  return answer
end

return {
  { 1, "documented", "a publish is answered with 204 and an empty body", function(t)
    check.equal("", check.status(204, t:publish(t:topic(), "x")).body, "the body")
  end },
  { 1, "documented", "a poll is answered with 200 and JSON", function(t)
    local topic = t:topic()
    check.status(204, t:publish(topic, "x"))
    local answer = t:poll(topic, 1)
    check.elements(answer)
    local kind = (answer.headers["content-type"] or ""):match "^[^;%s]*"
    check.equal("application/json", kind, "Content-Type")
  end },
  { 1, "documented", "the key may stand in the Authorization header, without Bearer", function(t)
    check.status(204, t:ask {
      method = "POST", target = t:path(t:topic()), body = "x", key = "header",
    })
  end },
  { 1, "documented", "the key may stand in the query instead", function(t)
    check.status(204, t:ask {
      method = "POST", target = t:path(t:topic()), body = "x", key = "query",
    })
  end },
  { 1, "documented", "both at once is 400, which says that only one may be set", function(t)
    local why = check.refused(400, t:ask {
      method = "POST", target = t:path(t:topic()), body = "x", key = "both",
    })
    if not why:lower():find "only one" then check.fail("it says ", why) end
  end },
  { 1, "documented", "no key is 401", function(t)
    check.refused(401, t:ask {
      method = "POST", target = t:path(t:topic()), body = "x", key = "none",
    })
  end },
  { 1, "documented", "no key is 401 for a poll, too", function(t)
    check.refused(401, t:ask { target = t:path(t:topic()) .. "?sequence_number=1", key = "none" })
  end },
  { 1, "documented", "text/plain is a text", is_text "text/plain" },
  { 1, "documented", "application/octet-stream is binary", function(t)
    local kind, value = published_as(t, "application/octet-stream", "\0\255")
    check.equal("binary", kind, "the value")
    check.equal("\0\255", value, "the value")
  end },
  { 1, "documented", "what curl -d sends by itself is a text",
    is_text "application/x-www-form-urlencoded" },
  { 1, "inferred", "application/json is a text", is_text "application/json" },
  { 1, "inferred", "no content type is a text", is_text(nil) },
  { 1, "inferred", "parameters of the content type do not count",
    is_text "text/plain; charset=utf-8" },
  { 1, "inferred", "neither do capitals in it", function(t)
    check.equal("binary", (published_as(t, "Application/Octet-Stream; x=y", "v")), "the value")
  end },
  { 1, "inferred", "a text that is not valid UTF-8 is 400", function(t)
    check.refused(400, t:publish(t:topic(), "\255"))
  end },
  { 1, "seen", "an empty value is a message", function(t)
    local kind, value = published_as(t, "text/plain", "")
    check.equal("text", kind, "the value")
    check.equal("", value, "the value")
  end },
  { 1, "inferred", "a name is decoded once", names("%2525", "%25", false) },
  { 1, "inferred", "%2F in a name is part of it", names("%2Fx", "%2fx", true) },
  { 1, "inferred", "a letter may be escaped", names("a", "%61", true) },
  { 1, "inferred", "+ in a name is a plus", names("+", "%2B", true) },
  { 1, "inferred", "+ in a name is no space", names("+", "%20", false) },
  { 1, "inferred", "an empty name is 400", refused_name "" },
  { 1, "inferred", "a malformed escape is 400", refused_name "a%2" },
  { 1, "inferred", "a control byte in a name is 400", refused_name "a%01" },
  { 1, "inferred", "NUL in a name is 400", refused_name "a%00" },
  { 1, "seen", "publishing makes the topic", function(t)
    local topic = t:topic()
    check.status(204, t:publish(topic, "x"))
    check.equal("1=x", check.story(t:poll(topic, 1)), "what the topic has")
  end },
  { 1, "seen", "publishing to a cache that is not there is 404: Cache not found", function(t)
    local why = check.refused(404, t:ask {
      method = "POST", target = "/topics/" .. t:topic() .. "/t", body = "x",
    })
    if not why:lower():find("cache not found", 1, true) then check.fail("it says ", why) end
  end },
  { 1, "seen", "so is polling one", function(t)
    check.refused(404, t:ask { target = "/topics/" .. t:topic() .. "/t?sequence_number=1" })
  end },
  { 1, "inferred", "OPTIONS is 204 and lets browsers publish and poll", function(t)
    local answer = every_origin(check.status(204, t:ask {
      method = "OPTIONS", target = t:path(t:topic()), key = "none",
      headers = { "Origin: https://example.com", "Access-Control-Request-Method: POST" },
    }))
    local methods = answer.headers["access-control-allow-methods"] or ""
    local headers = (answer.headers["access-control-allow-headers"] or ""):lower()
    if not (methods:find "GET" and methods:find "POST") then check.fail("methods: ", methods) end
    if not headers:find "authorization" then check.fail("headers: ", headers) end
  end },
  { 1, "inferred", "pages from anywhere may read answers", function(t)
    every_origin(check.status(204, t:publish(t:topic(), "x")))
  end },
  { 1, "inferred", "and refusals", function(t)
    every_origin(check.status(401, t:ask { target = t:path(t:topic()), key = "none" }))
  end },
  { 1, "inferred", "another path is 404", function(t)
    check.refused(404, t:ask { target = "/nothing/" .. t:topic() })
  end },
  { 1, "inferred", "another method is 405, with Allow", function(t)
    local answer = t:ask { method = "DELETE", target = t:path(t:topic()) }
    check.refused(405, answer)
    local allow = answer.headers.allow or ""
    if not (allow:find "GET" and allow:find "POST") then check.fail("Allow: ", allow) end
  end },
  { 1, "inferred", "other query parameters do not count", function(t)
    check.status(204, t:ask {
      method = "POST", target = t:path(t:topic()) .. "?colour=blue", body = "x",
    })
  end },
}

--- What rules are written with: an answer is held against what a rule wants, and what is wrong is
--- raised as a sentence. Knows no requests.

local cjson = require "cjson"

local check = {}

local function shown(value)
  if type(value) == "string" then
    return ("%q"):format(#value > 200 and value:sub(1, 200) .. "..." or value)
  end
  return tostring(value)
end

function check.fail(...)
  error(("%s"):rep(select("#", ...)):format(...), 0)
end

--- Raises unless the two are the same.
function check.equal(expected, got, what)
  if expected ~= got then
    check.fail(what, " is ", shown(got), ", not ", shown(expected))
  end
end

function check.status(expected, answer)
  if answer.status ~= expected then
    check.fail(("answered %s, not %d: "):format(tostring(answer.status), expected),
      shown(answer.body))
  end
  return answer
end

--- The JSON object of an answer. Control bytes are no JSON anywhere; cjson lets them pass.
function check.object(answer)
  local fine, object = pcall(cjson.decode, answer.body)
  fine = fine and not answer.body:gsub("[\t\r\n\127]", ""):find "%c"
  if not fine or type(object) ~= "table" then
    check.fail("the body is no JSON object: ", shown(answer.body))
  end
  return object
end

-- Numbers of JSON are floats to cjson, whatever they look like.
local function digits(number)
  return type(number) == "number" and ("%.0f"):format(number) or "(no number)"
end

local function text_of(element)
  if type(element) ~= "table" then check.fail "an element of items is no object" end
  local item, gap = element.item, element.discontinuity
  if item then
    local value = type(item.value) == "table" and item.value or {}
    return ("%s=%s"):format(digits(item.topic_sequence_number),
      tostring(value.text or value.binary and "(binary)" or "(nothing)"))
  elseif gap then
    return ("gap %s>%s"):format(digits(gap.last_topic_sequence), digits(gap.new_topic_sequence))
  end
  return "(unknown)"
end

--- The elements of a poll's answer, which must be a 200.
function check.elements(answer)
  check.status(200, answer)
  local items = check.object(answer).items
  if type(items) ~= "table" then check.fail("there are no items: ", shown(answer.body)) end
  return items
end

--- The elements in short: "1=hello", "gap 0>1".
function check.story(answer)
  local list = {}
  for i, element in ipairs(check.elements(answer)) do list[i] = text_of(element) end
  return table.concat(list, " ")
end

--- The one message of an answer.
function check.message(answer)
  local elements = check.elements(answer)
  local item = #elements == 1 and elements[1].item
  if type(item) ~= "table" or type(item.value) ~= "table" then
    check.fail("there is not one message but: ", shown(answer.body))
  end
  return item
end

--- The page of an answer's first element, as its digits.
function check.page(answer)
  check.elements(answer)
  local page = answer.body:match '"sequence_page"%s*:%s*(%d+)'
    or answer.body:match '"new_sequence_page"%s*:%s*(%d+)'
  return page or check.fail("there is no page: ", shown(answer.body))
end

--- The bytes of a binary value: base64 or an array of octets.
function check.octets(value)
  local binary = value.binary
  if type(binary) == "table" then
    local bytes = {}
    for i, octet in ipairs(binary) do bytes[i] = string.char(octet) end
    return table.concat(bytes)
  end
  return type(binary) == "string" and require "momento.core".base64_decode(binary)
    or check.fail("the value is not binary: ", shown(value.text))
end

--- A 4xx whose body says why in a way that clients find.
function check.refused(status, answer)
  check.status(status, answer)
  local object = check.object(answer)
  for _, name in ipairs { "detail", "message", "description", "title" } do
    if type(object[name]) == "string" and object[name] ~= "" then return object[name] end
  end
  check.fail("the error says nothing: ", shown(answer.body))
end

return check

--- Rules of protocol section 2: the answer to a poll.

local check = require "tools.conformance.check"

local function text_comes_back(text)
  return function(t)
    local topic = t:topic()
    check.status(204, t:publish(topic, text))
    check.equal(text, check.message(t:poll(topic, 1)).value.text, "the text")
  end
end

local every_byte = {}
for byte = 0, 255 do every_byte[#every_byte + 1] = string.char(byte) end
every_byte = table.concat(every_byte)

return {
  { 2, "documented", "a message has number, page and value", function(t)
    local topic = t:topic()
    check.status(204, t:publish(topic, "x"))
    local item = check.message(t:poll(topic, 1))
    for _, name in ipairs { "topic_sequence_number", "sequence_page" } do
      check.equal("number", type(item[name]), name)
    end
    check.equal("x", item.value.text, "the text")
  end },
  { 2, "inferred", "numbers are digits, without sign, fraction or exponent", function(t)
    local topic = t:topic()
    check.status(204, t:publish(topic, "x"))
    local answer = t:poll(topic, 1)
    check.message(answer)
    for _, name in ipairs { "topic_sequence_number", "sequence_page" } do
      if not answer.body:find('"' .. name .. '"%s*:%s*%d+%s*[,}]') then
        check.fail(name, " is none: ", answer.body)
      end
    end
  end },
  { 2, "documented", "messages come in the order of their numbers", function(t)
    local topic = t:topic()
    for number = 1, 3 do check.status(204, t:publish(topic, "m" .. number)) end
    check.equal("1=m1 2=m2 3=m3", check.story(t:poll(topic, 1)), "the answer")
  end },
  { 2, "inferred", "a text comes back as it is: quotes, backslashes, controls",
    text_comes_back 'a "b" \\ \n\t\1\127' },
  { 2, "inferred", "and outside ASCII", text_comes_back "\195\188 \226\130\172 \240\159\152\128" },
  { 2, "inferred", "and what looks like JSON", text_comes_back '{"items":[]}' },
  { 2, "inferred", "binary comes back as it is, in base64 or as octets", function(t)
    local topic = t:topic()
    check.status(204, t:publish(topic, every_byte, "application/octet-stream"))
    check.equal(every_byte, check.octets(check.message(t:poll(topic, 1)).value), "the value")
  end },
}

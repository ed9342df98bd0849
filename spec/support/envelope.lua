--- Builds the bodies of long-poll answers (protocol section 2) for specs, by plain concatenation,
--- so that a spec sees the very bytes it gives to the reader.

local cjson = require "cjson"

local envelope = {}

--- text as a JSON string, quotes included.
function envelope.quote(text)
  return cjson.encode(text)
end

--- A message element; value is JSON ({"text":...} unless given whole), rest more JSON members.
function envelope.message(number, page, value, rest)
  return ('{"item":{"topic_sequence_number":%s,"sequence_page":%s,"value":%s%s}}'):format(
    number, page, value, rest or "")
end

function envelope.text(number, page, text)
  return envelope.message(number, page, ('{"text":%s}'):format(envelope.quote(text)))
end

function envelope.discontinuity(last, new, page)
  return ('{"discontinuity":{"last_topic_sequence":%s,"new_topic_sequence":%s,'
    .. '"new_sequence_page":%s}}'):format(last, new, page)
end

--- A whole body of the elements given.
function envelope.body(...)
  return '{"items":[' .. table.concat({ ... }, ",") .. "]}"
end

return envelope

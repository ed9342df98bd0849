-- Hundreds of streams put together from everything that frames a request: every pair of header
-- lines about its length, every way to write a chunk. Whatever topicsd makes out, Node.js makes out
-- too; single streams and what each is to become are in topicsd_smuggling_spec.lua.
-- No Lua of this project takes part, so one Lua is enough.
if jit then return end

local SecondOpinion = require "spec.support.second_opinion"
local Topicsd = require "spec.support.topicsd"

local lines = {
  "", "Content-Length: 5", "content-length:5", "Content-Length: 0", "Content-Length: 05",
  "Content-Length: +5", "Content-Length: 5 ", "Content-Length: \t5", "Content-Length: 5,5",
  "Content-Length: 5 5", "Content-Length: 0x5", "Content-Length : 5", "Content-Length: 5\n",
  " Content-Length: 5", "X: y\nContent-Length: 5", "X: y\rContent-Length: 5", "Content-Length: ",
  "Transfer-Encoding: chunked", "transfer-encoding:CHUNKED", "Transfer-Encoding: chunked ",
  "Transfer-Encoding:\tchunked", "Transfer-Encoding: \11chunked", "Transfer-Encoding: chunked,",
  "Transfer-Encoding: ,chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, identity", "Transfer-Encoding: \"chunked\"",
  "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\n", "Transfer_Encoding: chunked",
  "X: y\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: ",
}

local sizes = {
  "5", "05", "005", "5;x", "5;x=y", "5; x", "5 ;x", '5;x="a;b"', " 5", "5 ", "5\t", "0x5", "+5",
  "-5", "5.0", "", "5;x\n", "5;\0", "5,5", "00000000000000005", "F0000000000000005",
}
local line_ends = { "\r\n", "\n", "\r", "\r\r\n" }
local data_ends = { "\r\n", "\n", "", "\r\n\r\n" }

local HEAD = "POST /topics/my-cache/%s HTTP/1.1\r\nHost: h\r\n"
local END = HEAD .. "Connection: close\r\nContent-Length: 3\r\n\r\nEND"

-- Each with a name, and with the topic left open.
local function streams()
  local list = {}
  local function add(name, text) list[#list + 1] = { name = name, text = text } end
  for _, first in ipairs(lines) do
    for _, second in ipairs(lines) do
      local head = first .. (first ~= "" and "\r\n" or "") .. second
        .. (second ~= "" and "\r\n" or "")
      add(("%q and %q"):format(first, second), head .. "\r\n5\r\nhello\r\n0\r\n\r\n")
    end
  end
  for _, size in ipairs(sizes) do
    for _, line_end in ipairs(line_ends) do
      for _, data_end in ipairs(data_ends) do
        local chunk = size .. line_end .. "hello" .. data_end
        add(("the chunk %q"):format(chunk), "Transfer-Encoding: chunked\r\n\r\n" .. chunk
          .. "0\r\n\r\n")
      end
    end
  end
  return list
end

-- Where topicsd refuses what Node.js takes: a part of the stream's name, and why.
local stricter = {
  { '"Content-Length: 05"', "a length has no leading zero: others read octal" },
  { '"Transfer-Encoding: "', "an empty coding is none" },
  { '"Transfer-Encoding: ,chunked"', "chunked is the whole of the field, or it is not known here" },
  { '"Transfer-Encoding: gzip, chunked"', "likewise" },
  { '"Transfer-Encoding: identity" and "', "likewise, in two lines" },
  { '"Transfer-Encoding: \\"chunked\\"" and "', "likewise" },
  { '"Transfer-Encoding: chunked;q=1" and "', "likewise" },
  { '"00000000000000005\\13', "the size of a chunk has 16 digits at most" },
}

-- Where it takes what Node.js refuses, which must not change what is a request.
local laxer = {
  { '"5; x\\13', "RFC 9112 allows a space there, and an extension is nothing but skipped" },
}

local function is_known(name, list)
  for _, row in ipairs(list) do
    if name:find(row[1], 1, true) then return true end
  end
  return false
end

describe("topicsd and Node.js", function()
  teardown(function() Topicsd.stop_all() end)

  it("agree on what is one request, however it is framed", function()
    local opinion = SecondOpinion.start(Topicsd.start { "--no-auth" })
    local corpus = streams()
    for index, stream in ipairs(corpus) do
      local topic = "t" .. index
      opinion:send(HEAD:format(topic) .. stream.text .. END:format(topic))
    end
    opinion:settle()
    local served, same = 0, 0
    for index, stream in ipairs(corpus) do
      local ours, theirs = opinion:of_topicsd("t" .. index), opinion:of_node("t" .. index)
      local agreed = 0
      while agreed < #ours and ours[agreed + 1] == theirs[agreed + 1] do agreed = agreed + 1 end
      if agreed < #ours then
        assert.is_true(is_known(stream.name, laxer), "laxer: " .. stream.name)
      elseif agreed < #theirs then
        assert.is_true(is_known(stream.name, stricter), "stricter: " .. stream.name)
      else
        same = same + 1
      end
      if #ours > 0 then served = served + 1 end
    end
    assert.is_true(served > 40)
    assert.is_true(same > #corpus * 0.95)
  end)
end)

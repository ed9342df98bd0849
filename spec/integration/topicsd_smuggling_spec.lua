-- What is one request? Streams that two HTTP readers might cut in different places go to topicsd
-- and to Node.js. Every request that topicsd makes out must be one that Node.js makes out too, in
-- the same order and with the same body; topicsd may refuse what Node.js takes, and reads no more.

local SecondOpinion = require "spec.support.second_opinion"
local Topicsd = require "spec.support.topicsd"

-- P is a publish to the stream's topic up to its last header line, B1 a whole one whose body is 1.
-- Every stream is followed by one more request, whose body is END: whoever cut in the wrong place
-- takes it for something else.
local streams = {
  -- name, what comes, bodies that topicsd must make out of it
  { "one request", "P Content-Length: 1\r\n\r\na", "a,END" },
  { "no body", "P \r\n", ",END" },
  { "pipelined", "B1 B2 B3 ", "1,2,3,END" },
  { "an empty line in between", "B1 \r\nB2 ", "1,2,END" },
  { "chunks", "P Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n", "abc,END" },
  { "trailers", "P Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", "a,END" },
  { "leading zeros of a chunk",
    "P Transfer-Encoding: chunked\r\n\r\n001\r\na\r\n00\r\n\r\n", "a,END" },
  { "a request in a body", "P Content-Length: {B1 }\r\n\r\nB1 ", "{B1 },END" },
  { "a request in a chunk",
    "P Transfer-Encoding: chunked\r\n\r\n{B1 |x}\r\nB1 \r\n0\r\n\r\n", "{B1 },END" },
  { "a request in a trailer", "P Transfer-Encoding: chunked\r\n\r\n0\r\nX: B1 ", "" },
  { "Content-Length and chunked",
    "P Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nB1 ", "" },
  { "chunked and Content-Length",
    "P Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nB1 ", "" },
  { "two Content-Lengths", "P Content-Length: 0\r\nContent-Length: 44\r\n\r\nB1 ", "" },
  { "the same Content-Length twice", "P Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "" },
  { "a list of Content-Lengths", "P Content-Length: 1, 1\r\n\r\na", "" },
  { "Content-Length with a sign", "P Content-Length: +1\r\n\r\na", "" },
  { "a negative Content-Length", "P Content-Length: -1\r\n\r\na", "" },
  { "Content-Length in hexadecimal", "P Content-Length: 0x1\r\n\r\na", "" },
  { "Content-Length with a leading zero", "P Content-Length: 01\r\n\r\na", "" },
  { "Content-Length with a fraction", "P Content-Length: 1.0\r\n\r\na", "" },
  { "an empty Content-Length", "P Content-Length:\r\n\r\nB1 ", "" },
  { "Content-Length past 64 bits", "P Content-Length: 18446744073709551617\r\n\r\na", "" },
  { "Content-Length with a space before the colon", "P Content-Length : 44\r\n\r\nB1 ", "" },
  { "Content-Length with a tab before the colon", "P Content-Length\t: 44\r\n\r\nB1 ", "" },
  { "Content-Length in a folded line", "P X: y\r\n Content-Length: 44\r\n\r\nB1 ", "" },
  { "Content-Length after a bare line feed", "P X: y\nContent-Length: 44\r\n\r\nB1 ", "" },
  { "Content-Length after a bare carriage return", "P X: y\rContent-Length: 44\r\n\r\nB1 ", "" },
  { "Content-Length after NUL", "P X: y\0Content-Length: 44\r\n\r\nB1 ", "" },
  { "Content-Length in the value of another", "P X: Content-Length: 44\r\n\r\nB1 ", ",1,END" },
  { "Content_Length", "P Content_Length: 44\r\n\r\nB1 ", ",1,END" },
  { "chunked twice",
    "P Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "" },
  { "chunked, chunked", "P Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "" },
  { "chunked, identity", "P Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", "" },
  { "identity", "P Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na", "" },
  { "gzip, chunked", "P Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "" },
  { "xchunked", "P Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "" },
  { "quoted chunked", "P Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "" },
  { "CHUNKED", "P Transfer-Encoding: CHUNKED\r\n\r\n1\r\na\r\n0\r\n\r\n", "a,END" },
  { "chunked with a vertical tab", "P Transfer-Encoding: \11chunked\r\n\r\n0\r\n\r\n", "" },
  { "chunked with a space before the colon", "P Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "" },
  { "chunked in HTTP/1.0", "P/1.0 Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "" },
  { "a chunk size with 0x", "P Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", "" },
  { "a chunk size with a sign", "P Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", "" },
  { "a chunk size and a space", "P Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n", "" },
  { "a chunk size past 64 bits",
    "P Transfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n", "" },
  { "an empty chunk size", "P Transfer-Encoding: chunked\r\n\r\n\r\na\r\n0\r\n\r\n", "" },
  { "a chunk that is too long", "P Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "" },
  { "a chunk that is too short", "P Transfer-Encoding: chunked\r\n\r\n3\r\na\r\n0\r\n\r\n", "" },
  { "a chunk that ends in a line feed",
    "P Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", "" },
  { "a chunk size that ends in a line feed",
    "P Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", "" },
  { "a chunk extension with a line feed",
    "P Transfer-Encoding: chunked\r\n\r\n1;x\ny\r\na\r\n0\r\n\r\n", "" },
  { "headers that end in a line feed", "P X: y\r\n\n", "" },
  { "two Hosts", "P Host: other\r\n\r\n", "" },
  { "a method of two words", "X P \r\n", "" },
  { "an HTTP/0.9 request", "GET /\r\n\r\nB1 ", "" },
  { "HTTP/1.2", "P/1.2 \r\n", "" },
  { "a tab for a space", "POST\t/topics/my-cache/x HTTP/1.1\r\nHost: h\r\n\r\n", "" },
  { "an absolute target", "PA \r\n", ",END" },
}

describe("topicsd and Node.js", function()
  local opinion

  setup(function() opinion = SecondOpinion.start(Topicsd.start { "--no-auth" }) end)
  teardown(function() Topicsd.stop_all() end)

  local function build(text, topic)
    local path = "/topics/my-cache/" .. topic
    local function post(target, version)
      return ("POST %s HTTP/%s\r\nHost: h\r\n"):format(target, version)
    end
    text = text:gsub("B(%w) ", function(body)
      return post(path, "1.1") .. "Content-Length: 1\r\n\r\n" .. body
    end)
    text = text:gsub("P/(1%.%d) ", function(version) return post(path, version) end)
    text = text:gsub("PA ", function() return post("http://elsewhere" .. path, "1.1") end)
    return (text:gsub("P ", function() return post(path, "1.1") end))
  end

  -- {text} is the length of what text stands for, {text|x} likewise in hexadecimal; in what is
  -- expected, the text itself.
  local function expand(text, topic, literally)
    return build((text:gsub("{([^}|]*)(|?x?)}", function(inner, hexadecimal)
      local built = build(inner, topic)
      if literally then return built end
      return (hexadecimal == "" and "%d" or "%x"):format(#built)
    end)), topic)
  end

  for index, stream in ipairs(streams) do
    local name, text, expected = stream[1], stream[2], stream[3]
    it("agree on " .. name, function()
      local topic = "t" .. index
      local bytes = expand(text, topic)
        .. "POST /topics/my-cache/" .. topic .. " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
        .. "Content-Length: 3\r\n\r\nEND"
      opinion:send(bytes)
      opinion:settle()
      local ours, theirs = opinion:of_topicsd(topic), opinion:of_node(topic)
      for i, body in ipairs(ours) do assert.equal(theirs[i], body) end
      assert.equal(expand(expected, topic, true), table.concat(ours, ","))
    end)
  end
end)

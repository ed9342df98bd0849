-- The HTTP/1.1 answer reader of the nginx transport. Every row is fed whole, byte by byte and cut
-- in two at every place, because a connection cuts where it likes.

local Response = require "momento.transport.ngx_response"

local MAX_BODY = 64

local function lines(...) return table.concat({ ... }, "\r\n") .. "\r\n" end
local OK = "HTTP/1.1 200 OK\r\n"
local LENGTH = OK .. "Content-Length: "
local TWO = "Content-Length: 2\r\n\r\nok"
local TOO_LARGE = "the answer is longer than max_body (64 bytes)"
local HEAD_TOO_LARGE = "head of the answer is too large"
local CUT = "connection closed in the middle of the answer"
local CHUNKED = OK .. "Transfer-Encoding: chunked\r\n\r\n"

-- What the reader says of the pieces: status, body, reusable, or nil and the message. `eof` says
-- whether the end of the connection was needed.
local function read(pieces)
  local response = Response.new(MAX_BODY)
  local done, message = false, nil
  local fed = {}
  for _, piece in ipairs(pieces) do
    if done ~= false then
      fed[#fed + 1] = piece -- what a transport would leave in the socket
    else
      done, message = response:feed(piece)
    end
  end
  local eof = done == false
  if eof then done, message = response:close() end
  if not done then return { message = message, eof = eof } end
  return {
    status = response.status,
    body = response.body,
    retry_after = response.retry_after,
    eof = eof,
    reusable = response.reusable and table.concat(fed) == "",
  }
end

local function bytes_of(text)
  local pieces = {}
  for index = 1, #text do pieces[index] = text:sub(index, index) end
  return pieces
end

local rows = {
  -- name, bytes, expected; reusable defaults to true, eof to false
  { "a body of stated length", LENGTH .. "5\r\n\r\nhello", { 200, "hello" } },
  { "an empty body", LENGTH .. "0\r\n\r\n", { 200, "" } },
  { "204 without a length", "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n", { 204, "" } },
  { "204 that claims a length", "HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", { 204, "" } },
  { "304", "HTTP/1.1 304 Not Modified\r\n\r\n", { 304, "" } },
  { "a status line without a reason", "HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nx", { 404, "x" } },
  { "an empty reason", "HTTP/1.1 404 \r\nContent-Length: 1\r\n\r\nx", { 404, "x" } },
  { "lines that end in LF alone", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", { 200, "ok" } },
  { "header names in any case, values padded",
    OK .. "cOnTeNt-LeNgTh: \t 2 \t\r\n\r\nok", { 200, "ok" } },
  { "a length with leading zeros", LENGTH .. "0002\r\n\r\nok", { 200, "ok" } },
  { "the same length twice",
    OK .. lines("Content-Length: 2", "Content-Length: 2", "") .. "ok", { 200, "ok" } },
  { "a NUL in the body", LENGTH .. "3\r\n\r\na\0b", { 200, "a\0b" } },
  { "Retry-After",
    "HTTP/1.1 429 Slow\r\nRetry-After:  7\r\nContent-Length: 0\r\n\r\n",
    { 429, "", retry_after = "7" } },
  { "a body of exactly the limit",
    LENGTH .. "64\r\n\r\n" .. ("x"):rep(64), { 200, ("x"):rep(64) } },

  { "100 before the answer",
    "HTTP/1.1 100 Continue\r\n\r\n" .. LENGTH .. "2\r\n\r\nok", { 200, "ok" } },
  { "several interim answers with headers",
    lines("HTTP/1.1 103 Early Hints", "Link: </a>", "Content-Length: 9", "")
      .. "HTTP/1.1 102 Processing\r\n\r\n" .. LENGTH .. "2\r\n\r\nok", { 200, "ok" } },
  { "interim answers without end", ("HTTP/1.1 100 Continue\r\n\r\n"):rep(2000), HEAD_TOO_LARGE },
  { "101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "unexpected 101 Switching Protocols" },

  { "one chunk", CHUNKED .. "5\r\nhello\r\n0\r\n\r\n", { 200, "hello" } },
  { "no chunk at all", CHUNKED .. "0\r\n\r\n", { 200, "" } },
  { "chunks, hexadecimal in both cases",
    CHUNKED .. "a\r\n0123456789\r\n0B\r\n0123456789a\r\n000\r\n\r\n",
    { 200, "01234567890123456789a" } },
  { "chunk extensions",
    CHUNKED .. "2;name=value;flag\r\nok\r\n0 ; q=\"a;b\"\r\n\r\n", { 200, "ok" } },
  { "white space after the chunk size", CHUNKED .. "2 \t\r\nok\r\n0\r\n\r\n", { 200, "ok" } },
  { "trailers",
    CHUNKED .. "2\r\nok\r\n0\r\nDigest: x\r\nContent-Length: 9\r\n\r\n", { 200, "ok" } },
  { "chunked in another case",
    OK .. "Transfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", { 200, "ok" } },
  { "a length beside chunked is ignored and ends the connection",
    OK .. lines("Content-Length: 99", "Transfer-Encoding: chunked", "") .. "2\r\nok\r\n0\r\n\r\n",
    { 200, "ok", reusable = false } },
  { "a chunk longer than its size",
    CHUNKED .. "2\r\nokay\r\n0\r\n\r\n", "chunk is longer than its size" },
  { "a chunk size that is none", CHUNKED .. "zz\r\nok\r\n0\r\n\r\n", "malformed chunk size" },
  { "an empty chunk size", CHUNKED .. "\r\nok\r\n0\r\n\r\n", "malformed chunk size" },
  { "a negative chunk size", CHUNKED .. "-2\r\nok\r\n", "malformed chunk size" },
  { "a chunk size with 0x", CHUNKED .. "0x2\r\nok\r\n", "malformed chunk size" },
  { "a chunk size past 64 bits", CHUNKED .. "fffffffffffffffff\r\n", TOO_LARGE },
  { "a chunk extension without end", CHUNKED .. "2;" .. ("x"):rep(1100), HEAD_TOO_LARGE },
  { "trailers without end", CHUNKED .. "0\r\n" .. ("A: b\r\n"):rep(6000), HEAD_TOO_LARGE },
  { "gzip, chunked",
    OK .. "Transfer-Encoding: gzip, chunked\r\n\r\n", "Transfer-Encoding is not chunked" },
  { "chunked twice",
    OK .. lines("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", ""),
    "Transfer-Encoding is not chunked" },

  { "a body that ends with the connection",
    OK .. "\r\nhello", { 200, "hello", reusable = false, eof = true } },
  { "nothing but a head before the connection ends",
    OK .. "\r\n", { 200, "", reusable = false, eof = true } },
  { "HTTP/1.0", "HTTP/1.0 200 OK\r\n" .. TWO, { 200, "ok", reusable = false } },
  { "Connection: close", OK .. "Connection: close\r\n" .. TWO, { 200, "ok", reusable = false } },
  { "close among other tokens",
    OK .. "Connection: foo, Close\r\nContent-Length: 0\r\n\r\n", { 200, "", reusable = false } },
  { "Connection: keep-alive",
    OK .. "Connection: keep-alive\r\nContent-Length: 0\r\n\r\n", { 200, "" } },
  { "bytes after the answer", LENGTH .. "2\r\n\r\nok" .. OK, { 200, "ok", reusable = false } },
  { "a body longer than stated", LENGTH .. "2\r\n\r\nokay", { 200, "ok", reusable = false } },
  { "a 204 with a body", "HTTP/1.1 204 No Content\r\n\r\nbody", { 204, "", reusable = false } },

  { "nothing", "", "connection closed before the answer", eof = true },
  { "half a status line", "HTTP/1.1 2", CUT, eof = true },
  { "half a head", OK .. "Content-Le", CUT, eof = true },
  { "a body shorter than stated", LENGTH .. "9\r\n\r\nshort", CUT, eof = true },
  { "chunks without the last one", CHUNKED .. "2\r\nok\r\n", CUT, eof = true },
  { "chunks cut inside one", CHUNKED .. "9\r\nok", CUT, eof = true },
  { "chunks cut before the trailers end", CHUNKED .. "2\r\nok\r\n0\r\n", CUT, eof = true },

  { "HTTP/2", "HTTP/2 200\r\n\r\n", "not an HTTP/1.1 answer" },
  { "another protocol", "SSH-2.0-OpenSSH_9\r\n", "not an HTTP/1.1 answer" },
  { "a status of two digits", "HTTP/1.1 20\r\n\r\n", "not an HTTP/1.1 answer" },
  { "a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "not an HTTP/1.1 answer" },
  { "a status under 100", "HTTP/1.1 099 No\r\n\r\n", "not an HTTP/1.1 answer" },
  { "a header line without a colon", OK .. "nonsense\r\n\r\n", "malformed header line" },
  { "a header with a space before its colon",
    OK .. "Content-Length : 2\r\n\r\nok", "malformed header line" },
  { "a folded header line", OK .. "A: b\r\n  c\r\n\r\n", "malformed header line" },
  { "a NUL in the head", OK .. "A: \0\r\n\r\n", "control byte in the head of the answer" },
  { "a CR inside a line", OK .. "A: b\r" .. TWO, "control byte in the head of the answer" },
  { "a length that is no number", LENGTH .. "two\r\n\r\n", "Content-Length is not a number" },
  { "a negative length", LENGTH .. "-1\r\n\r\n", "Content-Length is not a number" },
  { "a signed length", LENGTH .. "+2\r\n\r\nok", "Content-Length is not a number" },
  { "a list of lengths", LENGTH .. "2, 2\r\n\r\nok", "Content-Length is not a number" },
  { "an empty length", OK .. "Content-Length:\r\n\r\n", "Content-Length is not a number" },
  { "two different lengths",
    OK .. lines("Content-Length: 2", "Content-Length: 3", "") .. "oka",
    "two different Content-Lengths" },
  { "a header line without end", OK .. "A: " .. ("x"):rep(33000), HEAD_TOO_LARGE },
  { "headers without end", OK .. ("A: b\r\n"):rep(6000), HEAD_TOO_LARGE },
  { "a body past the limit", LENGTH .. "65\r\n\r\n" .. ("x"):rep(65), TOO_LARGE },
  { "a length past 64 bits", LENGTH .. "99999999999999999999\r\n\r\n", TOO_LARGE },
  { "chunks past the limit",
    CHUNKED .. "40\r\n" .. ("x"):rep(64) .. "\r\n1\r\nx\r\n0\r\n\r\n", TOO_LARGE },
  { "an endless body past the limit", OK .. "\r\n" .. ("x"):rep(65), TOO_LARGE },
}

local function expected_of(row)
  local wanted = row[3]
  if type(wanted) == "string" then return { message = wanted, eof = row.eof or false } end
  return {
    status = wanted[1],
    body = wanted[2],
    retry_after = wanted.retry_after,
    eof = wanted.eof or false,
    reusable = wanted.reusable == nil or wanted.reusable,
  }
end

describe("the answer reader of the nginx transport", function()
  for _, row in ipairs(rows) do
    it("reads " .. row[1], function()
      local bytes, expected = row[2], expected_of(row)
      assert.same(expected, read { bytes })
      if #bytes > 2000 then return end
      assert.same(expected, read(bytes_of(bytes)))
      for cut = 1, #bytes - 1 do
        assert.same(expected, read { bytes:sub(1, cut), bytes:sub(cut + 1) })
      end
    end)
  end

  it("knows whether the first byte has come", function()
    local response = Response.new(MAX_BODY)
    assert.is_false(response.started)
    response:feed("")
    assert.is_false(response.started)
    response:feed("H")
    assert.is_true(response.started)
  end)
end)

local http = require "spec.support.http"
local Peer = require "spec.support.peer"
local socket = require "socket"

describe("spec.support.peer", function()
  local function get(peer, path)
    return http.request(peer.url .. (path or "/"), { timeout = 20 })
  end

  it("plays a step a request and repeats the last", function()
    local peer = Peer.start {
      { send = Peer.answer(200, "one"), close = true },
      { send = Peer.answer(404, "two"), close = true },
    }
    assert.equal("one", (select(3, get(peer))))
    assert.equal("two", (select(3, get(peer))))
    assert.equal(404, (get(peer)))
  end)

  it("keeps a connection for the next request and records both", function()
    local peer = Peer.start {
      { send = Peer.answer(204) },
      { send = Peer.answer(200, "x"), close = true },
    }
    local request = "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
    local answer = http.raw("127.0.0.1", peer.port, request .. "GET /b HTTP/1.1\r\n\r\n")
    assert.matches("^HTTP/1.1 204.*HTTP/1.1 200.*\r\n\r\nx$", answer)
    assert.same({ request, "GET /b HTTP/1.1\r\n\r\n" }, peer:wait_for_requests(2))
  end)

  it("drips bytes with NUL and line ends among them", function()
    local body = "a\0b\r\nc\n\26d\\\"\255"
    local peer = Peer.start {
      { send = Peer.answer(200, body), drip = 1, pause = 0.001, close = true },
    }
    assert.equal(body, (select(3, get(peer))))
  end)

  it("resets at connect and before an answer", function()
    local peer = Peer.start { { at_connect = true, reset = true }, { reset = true },
      { send = Peer.answer(204), close = true } }
    for _ = 1, 2 do assert.is_false((pcall(get, peer))) end
    assert.equal(204, (get(peer)))
  end)

  it("holds one connection while another is served", function()
    local peer = Peer.start { { hold = true }, { send = Peer.answer(204), close = true } }
    local held = http.connect("127.0.0.1", peer.port)
    held:send "GET /held HTTP/1.1\r\n\r\n"
    peer:wait_for_requests(1)
    assert.equal(204, (get(peer)))
    held:close()
    assert.equal(204, (get(peer)))
  end)

  it("waits before it answers", function()
    local peer = Peer.start { { wait = 0.2, send = Peer.answer(204), close = true } }
    local before = socket.gettime()
    assert.equal(204, (get(peer)))
    assert.is_true(socket.gettime() - before >= 0.2)
  end)
end)

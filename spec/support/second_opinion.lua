-- What is one request? The same bytes go to a topicsd (--no-auth) and to the HTTP server of
-- Node.js, and each tells the bodies of the requests that it made out.

local http = require "spec.support.http"
local mime = require "mime"
local process = require "spec.support.process"

local SecondOpinion = {}
SecondOpinion.__index = SecondOpinion

function SecondOpinion.start(server)
  local node = process.start { "node", "spec/support/node_http.js" }
  return setmetatable({
    server_ = server, node_ = node, node_port_ = node:wait_for_output "listening (%d+)\n",
    settled_ = 0,
  }, SecondOpinion)
end

local function send(port, bytes)
  local connection = http.connect("127.0.0.1", port)
  connection:send(bytes)
  connection:shutdown "send"
  connection:receive "*a"
  connection:close()
end

--- Sends both the same bytes; returns when both have answered or closed.
function SecondOpinion:send(bytes)
  send(self.server_.port, bytes)
  send(self.node_port_, bytes)
end

--- Waits until Node.js has told all that it made out.
function SecondOpinion:settle()
  self.settled_ = self.settled_ + 1
  send(self.node_port_, ("GET /settled%d HTTP/1.0\r\n\r\n"):format(self.settled_))
  self.node_:wait_for_output("/settled" .. self.settled_ .. " \n")
  self.told_ = {}
  for topic, body in self.node_:output():gmatch "/topics/my%-cache/(%S+) (%S*)\n" do
    local bodies = self.told_[topic] or {}
    bodies[#bodies + 1] = mime.unb64(body) or ""
    self.told_[topic] = bodies
  end
end

--- The bodies that topicsd took for messages of that topic.
function SecondOpinion:of_topicsd(topic)
  local _, _, body = http.request(("%s/topics/my-cache/%s?sequence_number=1&sequence_page=1")
    :format(self.server_.url, topic))
  local bodies = {}
  for text in body:gmatch '"value":{"text":"(.-)"}' do
    bodies[#bodies + 1] = (text:gsub("\\r", "\r"):gsub("\\n", "\n"))
  end
  return bodies
end

--- Those that Node.js took for bodies of requests to it; as of the last settle().
function SecondOpinion:of_node(topic)
  return self.told_[topic] or {}
end

return SecondOpinion

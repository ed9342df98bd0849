-- The handler behind GET /events of the nginx that is measured: each message of one topic as an
-- event, to as many as listen, through one poll.

local hub = require "momento.ngx.hub"
local momento = require "momento"

local client = assert(momento.client())

return function()
  local listener = assert(hub.subscribe(client, "my-cache", "hub"))
  ngx.header.content_type = "text/event-stream"
  ngx.flush(true)
  for message in listener do
    ngx.print("id: ", message.sequence_page, ":", message.sequence_number, "\ndata: ",
      message.value, "\n\n")
    if not ngx.flush(true) then break end
  end
end

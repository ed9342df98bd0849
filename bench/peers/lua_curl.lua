-- Lua-cURL, as Debian has it (lua-curl, for Lua 5.1): one reused easy handle, answers read with
-- lua-cjson. Modes and arguments as in bench/loop.c: publish BYTES, consume.

local cjson = require "cjson"
local curl = require "curl"
local gettime = require "socket".gettime

local mode, url, token, count, bytes = arg[1], arg[2], arg[3], tonumber(arg[4]), tonumber(arg[5])

local easy = curl.easy_init()
easy:setopt(curl.OPT_HTTPHEADER, { "Authorization: " .. token, "Content-Type: text/plain" })
easy:setopt(curl.OPT_NOSIGNAL, 1)

local pieces
easy:setopt(curl.OPT_WRITEFUNCTION, function(piece)
  pieces[#pieces + 1] = piece
  return #piece
end)

local function perform()
  pieces = {}
  local fine, message = easy:perform()
  assert(fine, message)
  return table.concat(pieces)
end

local kept -- luacheck: ignore 231
local start = gettime()
if mode == "publish" then
  easy:setopt(curl.OPT_URL, url)
  easy:setopt(curl.OPT_POST, 1)
  easy:setopt(curl.OPT_POSTFIELDS, ("x"):rep(bytes))
  for _ = 1, count do perform() end
else
  local seen, number, page = 0, 1, 0
  while seen < count do
    easy:setopt(curl.OPT_URL,
      ("%s?sequence_number=%d&sequence_page=%d"):format(url, number, page))
    for _, element in ipairs(cjson.decode(perform()).items) do
      local item = element.item
      if item then
        kept = item.value.text
        number, page = item.topic_sequence_number + 1, item.sequence_page
        seen = seen + 1
      end
    end
  end
end
local seconds = gettime() - start
print(("%s count=%d rate=%.0f cpu_us=%.2f"):format(mode, count, count / seconds,
  os.clock() * 1e6 / count))

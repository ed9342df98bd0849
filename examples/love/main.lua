-- A chat room in LÖVE, against topicsd or the hosted service:
--
--   eval "$(make -s LUA=luajit env)"
--   export MOMENTO_ENDPOINT=... MOMENTO_API_KEY=...    what topicsd printed
--   love examples/love --name ann
--
-- With --headless it prints what is said; --say TEXT says something (and may be given again),
-- --seconds N leaves after that time.

local utf8 = require "utf8"
local Room = require "room"

local room, headless, lasts
local to_say = {}
local input, scroll, blink = "", 0, 0
local fonts = {}

local BACKGROUND = { 0.07, 0.09, 0.12 }
local PANEL = { 0.11, 0.13, 0.17 }
local RULE = { 0.20, 0.23, 0.29 }
local TEXT = { 0.90, 0.92, 0.95 }
local FAINT = { 0.58, 0.63, 0.71 }
local GOOD = { 0.36, 0.80, 0.55 }
local BAD = { 0.95, 0.55, 0.38 }
local NAMES = {
  { 0.45, 0.72, 1.00 }, { 0.95, 0.62, 0.75 }, { 0.98, 0.78, 0.42 },
  { 0.55, 0.86, 0.72 }, { 0.75, 0.66, 1.00 }, { 0.98, 0.60, 0.48 },
}
local PAD, SIDE, ROW = 16, 190, 24

local function color_of(name)
  local sum = 0
  for i = 1, #name do sum = (sum * 31 + name:byte(i)) % 9973 end
  return NAMES[sum % #NAMES + 1]
end

local function print_line(line)
  print(line.note and "* " .. line.text or line.from .. ": " .. line.text)
  io.stdout:flush()
end

local function options_of(words)
  local options, i = { say = {} }, 1
  while words[i] do
    local word = words[i]
    if word == "--headless" then
      options.headless = true
    elseif word == "--say" then
      options.say[#options.say + 1] = assert(words[i + 1], "--say needs a text")
      i = i + 1
    elseif word == "--name" or word == "--seconds" or word == "--cache" or word == "--topic" then
      options[word:sub(3)] = assert(words[i + 1], word .. " needs a value")
      i = i + 1
    else
      error("unknown argument " .. word .. ": --name --cache --topic --headless --say --seconds", 0)
    end
    i = i + 1
  end
  return options
end

function love.load(words)
  local options = options_of(words)
  headless, to_say, lasts = options.headless, options.say, tonumber(options.seconds)
  local message
  room, message = Room.enter {
    name = options.name or os.getenv "USER" or "guest",
    cache = options.cache, topic = options.topic,
    on_line = headless and print_line or nil,
  }
  if not room then error(message, 0) end
  if headless then return end
  love.keyboard.setKeyRepeat(true)
  fonts.text, fonts.small = love.graphics.newFont(15), love.graphics.newFont(12)
  fonts.title = love.graphics.newFont(18)
end

function love.update(dt)
  blink = blink + dt
  room:update(dt)
  -- What is to be said by itself is said once we know that we are heard.
  if room.present[room.name] and to_say[1] then room:say(table.remove(to_say, 1)) end
  if lasts and room.time > lasts then love.event.quit() end
end

function love.quit() room:leave() end

local function draw_header(width)
  love.graphics.setColor(PANEL)
  love.graphics.rectangle("fill", 0, 0, width, 52)
  love.graphics.setFont(fonts.title)
  love.graphics.setColor(TEXT)
  love.graphics.print("# " .. room.topic, PAD, 15)
  love.graphics.setFont(fonts.small)
  local state_width = fonts.small:getWidth(room.state)
  love.graphics.setColor(room.connected and GOOD or BAD)
  love.graphics.circle("fill", width - PAD - state_width - 12, 26, 4)
  love.graphics.print(room.state, width - PAD - state_width, 19)
end

local function draw_people(x, height)
  love.graphics.setColor(PANEL)
  love.graphics.rectangle("fill", x, 53, SIDE, height - 53)
  love.graphics.setFont(fonts.small)
  love.graphics.setColor(FAINT)
  local names = room:names()
  love.graphics.print(("HERE NOW (%d)"):format(#names), x + PAD, 68)
  love.graphics.setFont(fonts.text)
  for i, name in ipairs(names) do
    local y = 68 + i * ROW
    love.graphics.setColor(color_of(name))
    love.graphics.circle("fill", x + PAD + 4, y + 10, 4)
    love.graphics.setColor(TEXT)
    love.graphics.print(name == room.name and name .. " (you)" or name, x + PAD + 16, y)
  end
end

-- Draws the lines from the bottom up, as far as there is room.
local function draw_lines(width, top, bottom)
  love.graphics.setScissor(0, top, width, bottom - top)
  love.graphics.setFont(fonts.text)
  local y = bottom - 8 + scroll
  for i = #room.lines, 1, -1 do
    local line = room.lines[i]
    local text
    if line.note then
      text = { FAINT, line.text }
    else
      text = { color_of(line.from), line.from .. "  ", TEXT, line.text }
    end
    local plain = line.note and line.text or line.from .. "  " .. line.text
    local _, rows = fonts.text:getWrap(plain, width - 2 * PAD)
    y = y - #rows * fonts.text:getHeight() - 6
    if y < top - 200 then break end
    love.graphics.setColor(1, 1, 1)
    love.graphics.printf(text, PAD, y, width - 2 * PAD)
  end
  love.graphics.setScissor()
end

local function draw_input(width, y)
  love.graphics.setColor(PANEL)
  love.graphics.rectangle("fill", PAD, y, width - 2 * PAD, 36, 8)
  love.graphics.setColor(RULE)
  love.graphics.rectangle("line", PAD, y, width - 2 * PAD, 36, 8)
  love.graphics.setFont(fonts.text)
  love.graphics.setScissor(PAD + 8, y, width - 2 * PAD - 16, 36)
  local text_width = fonts.text:getWidth(input)
  local x = PAD + 12 - math.max(0, text_width - (width - 2 * PAD - 30))
  love.graphics.setColor(input == "" and FAINT or TEXT)
  love.graphics.print(input == "" and "Say something, then Enter" or input, x, y + 9)
  if blink % 1 < 0.6 then
    love.graphics.setColor(TEXT)
    love.graphics.rectangle("fill", x + text_width, y + 9, 1.5, 18)
  end
  love.graphics.setScissor()
end

function love.draw()
  local width, height = love.graphics.getDimensions()
  love.graphics.clear(BACKGROUND)
  local main = width - SIDE
  draw_lines(main, 52, height - 60)
  draw_people(main, height)
  draw_header(width)
  draw_input(main, height - 50)
  love.graphics.setColor(RULE)
  love.graphics.rectangle("fill", 0, 52, width, 1)
  love.graphics.rectangle("fill", main, 52, 1, height - 52)
end

function love.textinput(text)
  input, blink = input .. text, 0
end

function love.keypressed(key)
  if key == "backspace" then
    local start = utf8.offset(input, -1)
    if start then input = input:sub(1, start - 1) end
  elseif (key == "return" or key == "kpenter") and input:match "%S" then
    room:say(input)
    input, scroll = "", 0
  elseif key == "escape" then
    love.event.quit()
  end
end

function love.wheelmoved(_, y)
  scroll = math.max(0, scroll + y * 30)
end

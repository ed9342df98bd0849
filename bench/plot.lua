-- Draws results: plot.lua RESULTS SVG. One bar a comparison: how many times as much as what is
-- beside it, on a logarithmic scale that begins at "the same"; the line over it spans all rounds.

local cjson = require "cjson"

-- Row's title, ours, beside it, whether less is better.
local BARS = {
  { "Client" },
  { "decode, Lua 5.4, plain text, 100 an answer", "momento", "cjson" },
  { "decode, Lua luajit, plain text, 100 an answer", "momento", "cjson" },
  { "consume, 100 a poll", "momento, LuaJIT", "Lua-cURL and cjson" },
  { "publish, one after the other", "momento, Lua 5.4", "libcurl in C" },
  { "publish, one after the other", "momento, LuaJIT", "lua-http" },
  { "publish, one after the other", "momento, LuaJIT", "luasocket" },
  { "publish, one after the other", "momento, LuaJIT", "Node, undici" },
  { "publish, one after the other", "momento, LuaJIT", "Node, fetch" },
  { "publish, 32 at once in one process", "momento, LuaJIT, 32", "libcurl in C, 32" },
  { "from publish to receive, median", "momento, Lua 5.4", "libcurl in C", true },
  { "Server" },
  { "server: publishes, connections: 32", "topicsd", "Nchan" },
  { "server: publishes, connections: 128", "topicsd", "Nchan" },
  { "server: fan-out to 1000 polls", "topicsd", "Nchan" },
  { "server: fan-out to 5000 polls", "topicsd", "Nchan" },
  { "server: memory of a waiting poll, 15000 of them", "topicsd", "Nchan", true },
  { "nginx: a message to 2000 listeners of events", "hub in nginx", "Nchan, EventSource" },
}

local WIDTH, LABEL, LINE, TOP = 860, 430, 24, 56
local LOWEST, HIGHEST = 0.25, 64 -- the scale's ends

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return cjson.decode(text)
end

-- The ratio of a bar, as { median, low, high }, so that more is better; nil: not measured.
local function ratio_of(results, bar)
  for _, row in ipairs(results.rows) do
    for _, goal in ipairs(row.goals) do
      if row.title == bar[1] and goal.subject == bar[2] and goal.against == bar[3]
        and goal.figure == row.figure then
        if not bar[4] then return { goal.median, goal.low, goal.high } end
        return { 1 / goal.median, 1 / goal.high, 1 / goal.low }
      end
    end
  end
end

local function position(ratio)
  local within = math.max(LOWEST, math.min(HIGHEST, ratio))
  local part = math.log(within / LOWEST) / math.log(HIGHEST / LOWEST)
  return LABEL + part * (WIDTH - LABEL - 70)
end

local function escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"))
end

local function label_of(bar)
  local what = bar[1]:gsub("^%l+: ", ""):gsub("Lua luajit", "LuaJIT")
  local ours = bar[2]:match "Lua.*$"
  if ours and bar[1]:find "^decode" == nil then what = what .. ", " .. ours:gsub(", 32", "") end
  return ("%s / %s"):format(what, bar[3]:gsub(", 32", ""))
end

local function scale(out, height)
  local ratio = LOWEST
  while ratio <= HIGHEST do
    out[#out + 1] = ('<line class="%s" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>'):format(
      ratio == 1 and "same" or "grid", position(ratio), position(ratio), TOP - 8, height - 8)
    out[#out + 1] = ('<text class="tick" x="%.1f" y="%d">%gx</text>'):format(position(ratio),
      TOP - 14, ratio)
    ratio = ratio * 2
  end
end

local function bar_at(out, y, bar, ratio)
  local one, at = position(1), position(ratio[1])
  out[#out + 1] = ('<text class="label" x="%d" y="%d">%s</text>'):format(LABEL - 10, y + 15,
    escape(label_of(bar)))
  out[#out + 1] = ('<rect class="%s" x="%.1f" y="%d" width="%.1f" height="14"/>'):format(
    ratio[1] >= 1 and "more" or "less", math.min(one, at), y + 4, math.max(1, math.abs(at - one)))
  out[#out + 1] = ('<line class="range" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>'):format(
    position(ratio[2]), position(ratio[3]), y + 11, y + 11)
  out[#out + 1] = ('<text class="value" x="%.1f" y="%d">%.3g</text>'):format(
    math.max(one, at, position(ratio[3])) + 6, y + 15, ratio[1])
end

local function draw(results)
  local lines, y = {}, TOP
  for _, bar in ipairs(BARS) do
    local ratio = #bar > 1 and ratio_of(results, bar)
    if ratio then
      bar_at(lines, y, bar, ratio)
    elseif #bar == 1 then
      lines[#lines + 1] = ('<text class="group" x="10" y="%d">%s</text>'):format(y + 15, bar[1])
    end
    if ratio or #bar == 1 then y = y + LINE end
  end
  local height = y + 40
  local out = {
    ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"')
      :format(WIDTH, height, WIDTH, height)
      .. ' role="img" aria-label="Times as much as what is beside it">',
    [[<style>
svg { background: #fff; font: 12px "DejaVu Sans", Verdana, sans-serif; }
.label { text-anchor: end; } .tick { text-anchor: middle; fill: #666; font-size: 11px; }
.group { font-weight: bold; } .value { fill: #222; } .note { fill: #666; font-size: 11px; }
.more { fill: #2f7d5b; } .less { fill: #b9772e; }
.grid { stroke: #ddd; } .same { stroke: #444; } .range { stroke: #111; stroke-width: 1.5; }
</style>]],
    '<text class="group" x="10" y="20">Times as much as what is beside it (time, memory: '
      .. "times as little)</text>",
  }
  scale(out, y + 8)
  for _, line in ipairs(lines) do out[#out + 1] = line end
  out[#out + 1] = ('<text class="note" x="10" y="%d">%s, %s. Bars: medians; lines: all rounds.')
    :format(height - 12, escape(results.about.machine), results.about.date) .. "</text>"
  out[#out + 1] = "</svg>"
  return table.concat(out, "\n") .. "\n"
end

local svg = draw(read(arg[1]))
local file = assert(io.open(arg[2], "w"))
file:write(svg)
file:close()

-- Puts the flags of `topicsd --help` into the README: `make readme`. With "-", writes the README
-- to stdout instead, for the spec that compares.
--
--   lua tools/readme.lua TOPICSD [-]

local function contents(file)
  local text = file:read "*a"
  file:close()
  return text
end

local help = contents(assert(io.popen(arg[1] .. " --help")))
local flags = assert(help:match "\n(  %-%-.*)$", "no flags in --help")
-- This default depends on the machine.
flags = flags:gsub("%-%-max%-connections[^\n]*", function(line)
  return (line:gsub("%(default %d+%)", "(default: what open files allow)"))
end)

local readme = contents(assert(io.open("README.md")))
local before, after = readme:match "^(.-<!%-%- make readme %-%->\n```\n).-(```\n.*)$"
assert(before, "no place for the flags in README.md")
local text = before .. flags .. after

if arg[2] == "-" then
  io.write(text)
else
  local file = assert(io.open("README.md", "w"))
  file:write(text)
  file:close()
end

-- Writes both rockspecs from the tree: every file of lua/momento, and the C sources of the two
-- modules. Run by `make rockspec` when a file has come or gone; the version is the one of
-- lua/momento/version.lua. spec/packaging/rockspec_spec.lua tells when they are out of date.
--
--   lua tools/rockspec.lua [DIRECTORY]      writes into DIRECTORY, "." unless told

local version = dofile "lua/momento/version.lua"
local directory = arg[1] or "."

local SOURCE = "git+https://github.com/lua-momento/lua-momento.git"

local template = [[
-- Made by `make rockspec`; change tools/rockspec.lua instead.
rockspec_format = "3.0"
package = "lua-momento"
version = "%s"
source = {
  url = "%s",
  %s,
}
description = {
  summary = "Momento Topics for Lua: publish, and subscribe as an iterator",
  detailed = "A client for Momento Topics for plain Lua 5.1 to 5.4 and LuaJIT, event loops "
    .. "(cqueues, luv, Copas), games and OpenResty, with its own C core over libcurl.",
  homepage = "https://github.com/lua-momento/lua-momento",
  license = "Apache-2.0",
  labels = { "pubsub", "http", "messaging", "openresty", "async" },
}
dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0",
}
external_dependencies = {
  CURL = { library = "curl" },
}
build = {
  type = "builtin",
  modules = {
%s
  },
  install = {
    bin = { momento = "bin/momento" },
  },
}
]]

local function files(pattern)
  local list = {}
  local pipe = assert(io.popen("find " .. pattern .. " | LC_ALL=C sort"))
  for path in pipe:lines() do list[#list + 1] = path end
  pipe:close()
  return list
end

local function c_module(name, sources, rest)
  local lines = { ('    ["%s"] = {'):format(name), "      sources = {" }
  for _, path in ipairs(sources) do lines[#lines + 1] = ('        "%s",'):format(path) end
  lines[#lines + 1] = "      },"
  lines[#lines + 1] = '      incdirs = { "src"' .. (rest and ', "$(CURL_INCDIR)"' or "") .. " },"
  if rest then lines[#lines + 1] = rest end
  lines[#lines + 1] = "    },"
  return table.concat(lines, "\n")
end

local modules = {
  c_module("momento.core", files "src/wire/*.c src/lua/core.c src/lua/core_*.c"),
  c_module("momento.curl", files "src/curl/*.c src/lua/curl.c $(ls src/lua/curl_*.c 2>/dev/null)",
    '      libraries = { "curl" },\n      libdirs = { "$(CURL_LIBDIR)" },'),
}
for _, path in ipairs(files "lua/momento -name '*.lua'") do
  local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  modules[#modules + 1] = ('    ["%s"] = "%s",'):format(name, path)
end

local function write(rock_version, source)
  local path = ("%s/lua-momento-%s.rockspec"):format(directory, rock_version)
  local file = assert(io.open(path, "w"))
  file:write(template:format(rock_version, SOURCE, source, table.concat(modules, "\n")))
  file:close()
end

write("dev-1", 'branch = "main"')
write(version .. "-1", ('tag = "v%s"'):format(version))

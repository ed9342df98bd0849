-- What the README shows is run as a reader would: every block of Lua and shell, in a tree like this
-- one, against a real topicsd. The comment before a block says what is to happen:
--   check: prints PATTERN          it ends well, and its output matches
--   check: keeps printing PATTERN  it prints that once something is published, and goes on
--   check: in nginx prints PATTERN what is said at /say comes out of /events
--   check: none, REASON            it is not run

local http = require "spec.support.http"
local Nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local readme = require "spec.support.readme"
local Topicsd = require "spec.support.topicsd"

local lua = type(jit) == "table" and "luajit" or _VERSION:match "%d%.%d"

describe("README", function()
  local directory, server

  -- A place for the files that blocks write, which looks like the tree.
  setup(function()
    directory = process.directory()
    process.capture(("ln -s '%s'/* %s/"):format(process.capture "pwd", directory))
    server = Topicsd.start {}
  end)

  teardown(function()
    Nginx.stop_all()
    Topicsd.stop_all()
  end)

  local function environment()
    return {
      MOMENTO_API_KEY = server.api_key, MOMENTO_ENDPOINT = server.url, MAKEFLAGS = false,
      PATH = directory .. "/path:" .. os.getenv "PATH",
    }
  end

  local function write(name, text)
    local file = assert(io.open(directory .. "/" .. name, "w"))
    file:write(text)
    file:close()
  end

  local function start(block)
    local interpreter = process.lua .. [[ -e 'io.stdout:setvbuf "line"']]
    if block.language == "sh" then
      -- This Lua, a free port, and the momento of the tree; what it leaves running is ended.
      local text = block.text:gsub("lua5%.4", process.lua)
        :gsub("make %-s env", "make -s LUA=" .. lua .. " env")
        :gsub("build/topicsd ", "build/topicsd --port 0 ")
        :gsub("sleep 1\n", "until grep -q API_KEY topicsd.log; do sleep 0.1; done\n")
      write("block", ("momento() { %s bin/momento \"$@\"; }\n"):format(process.lua) .. text
        .. "\n[ -z \"$!\" ] || kill $!\n")
      interpreter = "sh"
    else
      write("block", block.text)
    end
    return process.start {
      "sh", "-c", ('cd "$1" && exec %s block'):format(interpreter), "sh", directory,
      env = environment(),
    }
  end

  local function prints(block, pattern)
    local child = start(block)
    local code = child:wait(60)
    assert.equal(0, code, child:errors() .. child:output())
    assert.matches(pattern, child:output())
  end

  local function keeps_printing(block, pattern)
    local client = assert(require "momento".client { api_key = server.api_key })
    local child = start(block)
    process.wait_until(function()
      assert(client:publish("my-cache", "chat", "hello"))
      return child:output():match(pattern) or child:exit_code()
    end, 30, function() return pattern .. " in: " .. child:output() .. child:errors() end)
    assert.matches(pattern, child:output(), nil, child:errors())
    assert.is_nil(child:exit_code())
    child:stop()
    client:close()
  end

  -- Somebody listens at /events, and then something is said at /say.
  local function in_nginx(block, pattern)
    local nginx = Nginx.start {
      main = "env MOMENTO_API_KEY; env MOMENTO_ENDPOINT;",
      server = block.text,
      env = { MOMENTO_API_KEY = server.api_key, MOMENTO_ENDPOINT = server.url },
    }
    local stream = http.connect("127.0.0.1", nginx.port)
    assert(stream:send "GET /events HTTP/1.0\r\n\r\n")
    repeat local line = assert(stream:receive "*l") until line == ""
    assert.equal(200, (http.request(nginx.url .. "/say", { body = "hello" })))
    assert.matches(pattern, assert(stream:receive "*l") .. "\n")
    stream:close()
    nginx:stop()
  end

  local checks = {
    prints = prints, ["keeps printing"] = keeps_printing, ["in nginx prints"] = in_nginx,
  }

  -- Asked in another process: cqueues and luv must not be loaded twice into one.
  local function is_there(library)
    local program = ("%s -e 'require \"%s\" print(1)' 2>/dev/null"):format(process.lua, library)
    return process.capture(program) == "1"
  end

  -- Not every Lua has every library here.
  local function can_run(block)
    if block.language == "nginx" then return not Nginx.elsewhere end
    for name in block.text:gmatch 'require "([%l.]+)"' do
      if not name:find "^momento" and not is_there(name) then return false end
    end
    return true
  end

  for i, block in ipairs(readme.blocks()) do
    local title = ("block %d: %s"):format(i, block.text:match "[^\n]*")
    local check = block.check or ""
    if block.language ~= "" and not check:find "^none, " and can_run(block) then
      it(title, function()
        local what, pattern = check:match "^([%l ]*print%l+) (.+)$"
        local run = checks[what]
        assert.is_function(run, "no <!-- check: ... --> before this block")
        run(block, (pattern:gsub("\\n", "\n")))
      end)
    end
  end

  it("lists the flags that topicsd has, as make readme writes them", function()
    local made = process.start { process.lua, "tools/readme.lua", Topicsd.program, "-" }
    assert.equal(0, made:wait(), made:errors())
    assert.equal(made:output(), readme.text)
  end)

  it("names every file that it links to", function()
    for target in readme.text:gmatch "%]%(([^)#][^):]*)%)" do
      local file = io.open(target)
      assert.truthy(file, target)
      file:close()
    end
    for anchor in readme.text:gmatch "%]%(#([^)]+)%)" do
      local found = false
      for heading in readme.text:gmatch "\n#+ ([^\n]+)" do
        if heading:lower():gsub("[^%w%s-]", ""):gsub(" ", "-") == anchor then found = true end
      end
      assert.is_true(found, anchor)
    end
  end)
end)

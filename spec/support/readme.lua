-- The README as a spec reads it: its code blocks, each with the comment before it that says what is
-- to be checked.

local process = require "spec.support.process"

local readme = { text = assert(process.read_file "README.md") }

--- Code blocks in order: { language =, text =, check = the text of <!-- check: ... -->, or nil }.
function readme.blocks()
  local list = {}
  local text = "\n" .. readme.text
  for before, language, body in text:gmatch "\n([^\n]*)\n```(%l*)\n(.-)\n```%f[\n]" do
    list[#list + 1] = {
      language = language,
      text = body,
      check = before:match "^<!%-%- check: (.-) %-%->$",
    }
  end
  return list
end

return readme

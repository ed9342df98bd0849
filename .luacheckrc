-- Every Lua's names: the code runs on five of them.
std = "max"
max_line_length = 100
cache = false
-- Methods of an interface may need no self.
self = false
exclude_files = { "build/", "node_modules/", "bench/node_modules/" }

-- Declarations only, for editors.
files["lua/momento/types.lua"] = { ignore = { "212", "241" } }

files["lua/momento/transport/ngx*.lua"] = { std = "+ngx_lua" }
files["lua/momento/ngx/"] = { std = "+ngx_lua" }
files["examples/openresty/"] = { std = "+ngx_lua" }
files["examples/love/"] = { std = "+love" }
files["bench/hub.lua"] = { std = "+ngx_lua" }
files["spec/"] = { std = "+busted" }
files["spec/support/nginx_run.lua"] = { std = "+ngx_lua" }
files["spec/nginx/behaviour_harness.lua"] = { std = "+ngx_lua" }
files["*.rockspec"] = { std = "rockspec" }

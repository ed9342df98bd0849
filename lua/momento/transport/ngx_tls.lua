--- The TLS handshake of a cosocket, always with the peer's name and certificate verified. Exists
--- because of one case that sslhandshake() does not survive; must not know what is sent afterwards.

local base = require "resty.core.base"
local ffi = require "ffi"

local C = ffi.C
local pcall = pcall

local tls = {}

-- When the peer answers so soon that the handshake ends inside the call, lua-resty-core takes a
-- good result for granted, and raises an assertion if it is an error. The error can still be asked
-- for, in the way in which lua-resty-core itself does when it had to wait.
local function reason(socket)
  local session, text, code = ffi.new("void *[1]"), base.get_errmsg_ptr(), ffi.new("int[1]")
  C.ngx_http_lua_ffi_socket_tcp_get_sslhandshake_result(base.get_request(), socket[1], session,
    text, code)
  local message = ffi.string(text[0])
  return code[0] ~= 0 and code[0] .. ": " .. message or message
end

---@param socket table a connected cosocket
---@param name string what the certificate must be for
---@return boolean
---@return string? reason as sslhandshake() words it, after OpenSSL's number where it has one
function tls.handshake(socket, name)
  local sound, session, fault = pcall(socket.sslhandshake, socket, nil, name, true)
  if sound then return session ~= nil or not fault, fault end
  local known, message = pcall(reason, socket)
  return false, known and message or "the certificate does not verify"
end

return tls

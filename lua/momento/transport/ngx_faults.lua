--- What can go wrong with a cosocket, as message, code and detail: the message names the directive
--- of nginx.conf that mends it, where one does. Must not know which request it was.

local faults = {}

local UNKNOWN = ": the message may have been published or not"

local function fault(message, code, retryable, unsent, transport)
  return message, code, { retryable = retryable, unsent = unsent or nil, transport = transport }
end

local HAS_COSOCKETS = {
  access = true,
  content = true,
  rewrite = true,
  server_rewrite = true,
  timer = true,
}

--- Nothing where a cosocket can be made.
function faults.phase(phase)
  if HAS_COSOCKETS[phase] then return nil end
  return fault(("nginx has no cosockets in the phase %q: move this into ngx.timer.at(0, ...), or "
    .. "into rewrite, access or content"):format(phase), "INVALID_ARGUMENT_ERROR", false)
end

function faults.timer(text)
  if text == "process exiting" then return faults.exiting() end
  return fault("cannot start a timer: " .. text .. ": see `lua_max_pending_timers` in nginx.conf",
    "LIMIT_EXCEEDED_ERROR", true)
end

function faults.timer_not_run()
  return fault("a timer does not run: raise `lua_max_running_timers` in nginx.conf",
    "LIMIT_EXCEEDED_ERROR", true)
end

function faults.closed() return fault("closed by the caller", "CANCELLED_ERROR", false) end

function faults.exiting()
  return fault("the nginx worker is exiting", "CANCELLED_ERROR", false)
end

--- Of a publish; who waits for a poll has a deadline of its own.
function faults.timeout()
  return fault("no answer in time" .. UNKNOWN, "TIMEOUT_ERROR", true)
end

function faults.malformed(message)
  return fault("malformed answer: " .. message, "UNKNOWN_SERVICE_ERROR", true)
end

--- The request did not leave whole, so the peer cannot have acted on it.
function faults.send(text)
  if text == "timeout" then return fault("sending timed out", "TIMEOUT_ERROR", true, true, text) end
  return fault("cannot send: " .. text, "CONNECTION_ERROR", true, true, text)
end

--- The connection ended before the answer did.
function faults.cut(message, text, kind)
  if text ~= "closed" then message = ("%s (%s)"):format(message or "connection lost", text) end
  if kind == "publish" then
    message = message .. UNKNOWN
  end
  return fault(message, "CONNECTION_ERROR", true, false, text)
end

function faults.connect(text, host, port)
  if text:find("no resolver defined", 1, true) then
    return fault(("cannot look up %s: set `resolver` in nginx.conf, since nginx does not use the "
      .. "system's"):format(host), "CONNECTION_ERROR", false, true, text)
  end
  if text == "timeout" then
    return fault(("connecting to %s:%d timed out"):format(host, port), "TIMEOUT_ERROR", true, true,
      text)
  end
  return fault(("cannot connect to %s:%d: %s"):format(host, port, text), "CONNECTION_ERROR",
    true, true, text)
end

--- An IPv4 or IPv6 address rather than a name.
function faults.is_address(host) return host:find("^%[") ~= nil or host:find("^[0-9.]+$") ~= nil end

function faults.tls_address(host)
  return fault(("nginx cannot verify the certificate of an address (%s): give the endpoint by "
    .. "name, and set `resolver` in nginx.conf"):format(host), "INVALID_ARGUMENT_ERROR", false)
end

function faults.ca_file()
  return fault("in nginx the option ca_file has no effect: set `lua_ssl_trusted_certificate` in "
    .. "nginx.conf", "INVALID_ARGUMENT_ERROR", false)
end

function faults.loop()
  return fault("in nginx the option loop has no effect: nginx is the loop",
    "INVALID_ARGUMENT_ERROR", false)
end

local TRUST = "`lua_ssl_trusted_certificate`"

-- By OpenSSL's numbers. Without the directive OpenSSL stops at 20; with it nginx lets OpenSSL go
-- on, and a certificate that came without its authority then ends at 21.
local VERIFY = {
  ["10"] = "the certificate of %s has expired",
  ["18"] = "the certificate of %s is signed by itself: add it to the file of " .. TRUST,
  ["19"] = "the authority that signed the certificate of %s is unknown: add it to the file of "
    .. TRUST,
  ["20"] = "no known authority vouches for the certificate of %s: set " .. TRUST .. " in nginx.conf"
    .. " (and `lua_ssl_verify_depth` when other authorities stand between)",
  ["21"] = "the authority that signed the certificate of %s is not in the file of " .. TRUST,
  ["22"] = "the certificate chain of %s is too long: raise `lua_ssl_verify_depth` in nginx.conf",
}

--- Certificates that do not verify are final, everything else about a handshake may pass.
function faults.handshake(text, host)
  if text == "timeout" then
    return fault(("the TLS handshake with %s timed out"):format(host), "TIMEOUT_ERROR", true, true,
      text)
  end
  local number = text:match("^([0-9]+): ")
  local message = VERIFY[number]
  if text == "certificate host mismatch" then
    message = "the certificate is for another name than %s"
  end
  if number and not message then
    message = "the certificate of %s does not verify: " .. text:gsub("%%", "%%%%")
  end
  if message then
    return fault(message:format(host), "CONNECTION_ERROR", false, true, text)
  end
  return fault(("the TLS handshake with %s failed: %s"):format(host, text), "CONNECTION_ERROR",
    true, true, text)
end

return faults

-- A certificate authority for one spec: makes keys and certificates with openssl in a directory.

local process = require "spec.support.process"

local Certificates = {}
Certificates.__index = Certificates

local NEW_KEY = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"

local function make(self, name, arguments)
  local said = process.capture(("cd %s && %s -subj /CN=%s -keyout %s.key -out %s.pem %s 2>&1 && "
    .. "echo made"):format(process.quote(self.directory), NEW_KEY, name, name, name, arguments))
  assert(said:find "made$", said)
  return self.directory .. "/" .. name .. ".pem"
end

function Certificates.new()
  return setmetatable({ directory = process.directory() }, Certificates)
end

--- An authority, signed by itself or by another one; the path of its certificate. Keys are beside
--- the certificates: NAME.pem, NAME.key.
function Certificates:authority(name, by)
  return make(self, name, "-addext basicConstraints=critical,CA:TRUE"
    .. (by and (" -CA %s.pem -CAkey %s.key"):format(by, by) or ""))
end

--- The certificate of a host, signed by an authority, or by itself when there is none.
function Certificates:host(name, by)
  return make(self, name, "-addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:" .. name
    .. (by and (" -CA %s.pem -CAkey %s.key"):format(by, by) or ""))
end

--- Appends certificates to that of a host, as a server sends them.
function Certificates:chain(name, others)
  for _, other in ipairs(others) do
    process.capture(("cd %s && cat %s.pem >>%s.pem"):format(process.quote(self.directory), other,
      name))
  end
end

return Certificates

-- nginx as a proxy with TLS in front of a plain peer, certified by an authority of its own. The
-- peer sees by which protocol and connection a request came to nginx: X-Protocol, X-Connection.

local process = require "spec.support.process"
local socket = require "socket"

local TlsProxy = {}
TlsProxy.__index = TlsProxy

local certificates -- { directory = }, made once for a spec file

local SIGN = [[cd %s
curve="ec -pkeyopt ec_paramgen_curve:prime256v1"
openssl req -x509 -newkey $curve -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=spec" \
  -addext "keyUsage=critical,keyCertSign"
openssl req -newkey $curve -nodes -keyout key.pem -out request.pem -subj "/CN=127.0.0.1"
echo "subjectAltName=IP:127.0.0.1" >extensions
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 \
  -extfile extensions]]

local function make_certificates()
  local directory = process.directory()
  process.capture(("(%s) 2>&1"):format(SIGN:format(process.quote(directory))))
  assert(process.read_file(directory .. "/cert.pem"), "openssl made no certificate")
  return { directory = directory }
end

local CONFIGURATION = [[
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_rlimit_nofile 4096;
events { worker_connections 2048; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  keepalive_requests {requests};
  server {
    listen 127.0.0.1:{port} ssl {http2} backlog=1024;
    ssl_certificate {certificates}/cert.pem;
    ssl_certificate_key {certificates}/key.pem;
    http2_max_concurrent_streams {streams};
    location / {
      proxy_pass {upstream};
      proxy_read_timeout 300;
      proxy_set_header X-Protocol $server_protocol;
      proxy_set_header X-Connection $connection;
    }
  }
}
]]

local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return port
end

local function write_configuration(self, options)
  local text = CONFIGURATION:gsub("{(%l%w*)}", {
    directory = self.directory_,
    certificates = certificates.directory,
    port = self.port,
    http2 = options.http2 == false and "" or "http2",
    streams = options.streams or 128,
    requests = options.requests or 100000,
    upstream = options.upstream,
  })
  local file = assert(io.open(self.directory_ .. "/nginx.conf", "w"))
  file:write(text)
  file:close()
end

--- Starts { upstream = url, http2 = false, streams = at most at once on a connection, requests = at
--- most over one }. url, port and ca_file are fields of the result. Somebody else may take the port
--- before nginx does: then it takes another.
function TlsProxy.start(options)
  certificates = certificates or make_certificates()
  local self = setmetatable({ ca_file = certificates.directory .. "/ca.pem" }, TlsProxy)
  for _ = 1, 20 do
    self.directory_ = process.directory()
    self.port = free_port()
    self.url = "https://127.0.0.1:" .. self.port
    write_configuration(self, options)
    self.process = process.start {
      "nginx", "-c", self.directory_ .. "/nginx.conf", "-p", self.directory_,
      "-e", self.directory_ .. "/error.log",
    }
    process.wait_until(function()
      return process.read_file(self.directory_ .. "/nginx.pid") or self.process:exit_code()
    end, 30, "nginx to start")
    if not self.process:exit_code() then return self end
  end
  error("nginx does not start: " .. tostring(process.read_file(self.directory_ .. "/error.log")))
end

function TlsProxy:stop()
  self.process:stop()
end

--- Forgets the certificates, which go with the temporary files of a spec file.
function TlsProxy.forget()
  certificates = nil
end

return TlsProxy

--- The version of the client: the one place where it is written in Lua. The rockspec's and the
--- server's are compared with it by a spec.
return "0.1.0"

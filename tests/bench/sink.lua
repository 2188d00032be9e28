-- What nginx answers: the object that was sent, with the id of the path, or a new one for a POST.
local ffi = require "ffi"
ffi.cdef [[
  struct sink_time { long seconds, microseconds; };
  int gettimeofday(struct sink_time *, void *);
]]
local time = ffi.new "struct sink_time"

local function now()
  ffi.C.gettimeofday(time, nil)
  return string.format("%d.%06d", tonumber(time.seconds), tonumber(time.microseconds))
end

function answer(delay)
  local var = ngx.var
  var.arrived = now()
  ngx.req.read_body()
  local body = ngx.req.get_body_data()
  local id = ngx.req.get_method() == "POST" and var.request_id or var.uri:match "[^/]+$"
  if delay > 0 then ngx.sleep(delay) end
  ngx.status = ngx.req.get_method() == "POST" and 201 or 200
  ngx.header.content_type = "application/json"
  local head = '{"id":"' .. id .. '","orgId":"sink"'
  local text = (body and #body > 2) and head .. "," .. body:sub(2) or head .. "}"
  ngx.header.content_length = #text
  ngx.print(text)
end

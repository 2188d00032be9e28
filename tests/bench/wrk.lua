-- PATCH with the document that is given after `--`.
function init(arguments)
  wrk.method = "PATCH"
  wrk.body = arguments[1]
  wrk.headers["Content-Type"] = "application/json"
end

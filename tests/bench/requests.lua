-- Sends the prepared requests of the file in the first argument, one after the other. A NUL ends each request.
local requests, number = {}, 0

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  for each in file:read("*a"):gmatch("[^%z]+") do
    requests[#requests + 1] = each
  end
  file:close()
end

function request()
  number = number % #requests + 1
  return requests[number]
end

function done(summary)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('\n{"answered": %d, "seconds": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, errors.status, broken))
end

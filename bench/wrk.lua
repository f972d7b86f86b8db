-- Sends the lines of a file in turn, and prints what wrk measured as one line of JSON.
local prepared, sent = {}, 0

function init(args)
  for body in io.lines(args[1]) do
    prepared[#prepared + 1] = wrk.format("POST", nil, nil, body)
  end
end

function request()
  sent = sent + 1
  return prepared[(sent - 1) % #prepared + 1]
end

function done(summary, latency, requests)
  local failed = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "max": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, failed.connect + failed.read + failed.write + failed.status + failed.timeout
  ))
end

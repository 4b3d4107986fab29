-- What the load scripts share.  They are asked through the environment:
-- BENCH_WRK (this folder), BENCH_PATH, BENCH_SKU, BENCH_METHOD, and what each
-- says itself.  A script that sets no request() sends one prepared request
-- and costs no Lua per request.

shop = {}

function shop.env(name, default)
    local value = os.getenv(name)
    if value == nil or value == "" then
        return default
    end
    return value
end

function shop.checkout(sku, quantity)
    return string.format('{"sku":"%s","quantity":%d}', sku, quantity)
end

-- The text of a request, made once.
function shop.prepare(method, path, body, headers)
    local all = { ["Host"] = "bench" }
    for name, value in pairs(headers or {}) do
        all[name] = value
    end
    if body then
        all["Content-Type"] = "application/json"
    end
    return wrk.format(method, path, all, body)
end

-- Threads count from one; each draws its own random numbers.
local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("thread_number", threads)
end

function shop.seed()
    math.randomseed(tonumber(shop.env("BENCH_SEED", "1")) * 1000
        + thread_number)
end

-- One line of JSON for the runner.
function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format('BENCH {"requests":%d,"seconds":%.6f,"bytes":%d,'
        .. '"connect_errors":%d,"read_errors":%d,"write_errors":%d,'
        .. '"status_errors":%d,"timeouts":%d,"mean_us":%.1f,"p50_us":%.0f,'
        .. '"p90_us":%.0f,"p99_us":%.0f,"p999_us":%.0f,"max_us":%.0f}\n',
        summary.requests, summary.duration / 1e6, summary.bytes,
        errors.connect, errors.read, errors.write, errors.status,
        errors.timeout, latency.mean, latency:percentile(50),
        latency:percentile(90), latency:percentile(99),
        latency:percentile(99.9), latency.max))
end

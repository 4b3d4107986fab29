-- One request, always the same: a checkout of one piece, or a look-up.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

wrk.method = shop.env("BENCH_METHOD", "POST")
wrk.path = shop.env("BENCH_PATH", "/checkout")
wrk.headers["Host"] = "bench"

if wrk.method == "POST" then
    wrk.body = shop.checkout(shop.env("BENCH_SKU", "CP-502101"), 1)
    wrk.headers["Content-Type"] = "application/json"
end

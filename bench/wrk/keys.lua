-- A checkout with a key of its own each time, in the header BENCH_KEY_HEADER.
-- With BENCH_REPLAY=n every n-th request repeats the key of an earlier one,
-- far enough back to have been answered.

dofile(os.getenv("BENCH_WRK") .. "/shop.lua")

local LAG = 5000
local before, after
local replay = 0
local n = 0

function init(args)
    local header = shop.env("BENCH_KEY_HEADER", "Idempotency-Key")
    local seed = string.format("%08x-0000-4000-8%03d-000",
        tonumber(shop.env("BENCH_SEED", "1")), thread_number)
    local mark = "KEYKEYKEY"
    local text = shop.prepare("POST", "/checkout",
        shop.checkout(shop.env("BENCH_SKU", "CP-502101"), 1),
        { [header] = seed .. mark })
    local from, to = string.find(text, mark, 1, true)
    before = string.sub(text, 1, from - 1)
    after = string.sub(text, to + 1)
    replay = tonumber(shop.env("BENCH_REPLAY", "0"))
end

-- nine digits: every key is as long as a UUID
function request()
    n = n + 1
    local key = n
    if replay > 0 and n > LAG and n % replay == 0 then
        -- one that was no repetition itself
        key = n - LAG - 1
    end
    return before .. (100000000 + key) .. after
end

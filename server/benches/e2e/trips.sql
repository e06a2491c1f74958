-- The bench table and its rows: a taxi ledger of 13 columns, about 117 bytes of CSV a row.
-- Every value is a function of the row number, so each machine measures the same file.
-- `bench.py` runs the statements in this order; {rows} is filled in by it.

CREATE DATABASE IF NOT EXISTS bench;

CREATE OR REPLACE TABLE bench.source
(
    trip_id UInt64,
    vendor LowCardinality(String),
    pickup DateTime('UTC'),
    dropoff DateTime('UTC'),
    passenger_count Nullable(UInt8),
    distance Float32,
    pickup_longitude Float64,
    pickup_latitude Float64,
    dropoff_longitude Float64,
    dropoff_latitude Float64,
    fare Decimal(10, 2),
    payment Enum8('cash' = 1, 'card' = 2, 'dispute' = 3, 'no charge' = 4),
    note String
)
ENGINE = MergeTree
ORDER BY trip_id;

CREATE OR REPLACE TABLE bench.target AS bench.source;

CREATE OR REPLACE TABLE bench.check AS bench.source;

-- About 6% of the passenger counts are NULL. About 74% of the notes are empty, 14% plain, and the rest
-- needs quotes: for a comma (9%), for quotes and a comma (3%), for a line end (0.1%).
INSERT INTO bench.source
WITH
    cityHash64(number, 1) AS a,
    cityHash64(number, 2) AS b,
    cityHash64(number, 3) AS c,
    cityHash64(number, 4) AS d
SELECT
    number + 1 AS trip_id,
    ['CMT', 'VTS', 'DDS'][1 + a % 3] AS vendor,
    toDateTime(1420070400 + intDiv(number, 2) + a % 3600, 'UTC') AS pickup,
    pickup + 120 + b % 3480 AS dropoff,
    if(b % 17 = 0, NULL, 1 + b % 6) AS passenger_count,
    (c % 2400) / 100 AS distance,
    (-74030000 + toInt64(bitShiftRight(a, 32) % 260000)) / 1000000 AS pickup_longitude,
    (40630000 + toInt64(bitShiftRight(b, 32) % 220000)) / 1000000 AS pickup_latitude,
    (-74030000 + toInt64(bitShiftRight(c, 32) % 260000)) / 1000000 AS dropoff_longitude,
    (40630000 + toInt64(bitShiftRight(d, 32) % 220000)) / 1000000 AS dropoff_latitude,
    toDecimal64(250 + c % 7750, 2) / 100 AS fare,
    ['cash', 'cash', 'cash', 'card', 'card', 'card', 'card', 'card', 'dispute', 'no charge'][1 + bitShiftRight(a, 8) % 10] AS payment,
    multiIf(
        d % 1000 = 0, 'left at the kerb\nreturned next day',
        d % 100 < 3, 'driver: "no change", card used',
        d % 100 < 12, 'toll, bridge',
        d % 100 < 26, 'two stops',
        '') AS note
FROM numbers({rows});

-- One part, so that every way out reads the same thing.
OPTIMIZE TABLE bench.source FINAL;

-- What is measured is the load, not the merges that happen to start during it.
SYSTEM STOP MERGES bench.target;

SYSTEM STOP MERGES bench.check;

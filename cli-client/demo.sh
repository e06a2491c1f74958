#!/usr/bin/env bash
# Shows the way of a real file into ClickHouse and out again, and proves that nothing was lost.
#
# `make demo` runs it after building. It starts a server of its own on free ports with a temporary
# directory, needs nobody, leaves nothing behind, and exits non-zero unless what came out is equal
# to what went in: the same bytes, or else the same rows by count and hash.
set -euo pipefail

cd "$(dirname "$0")/.."
bin=${BIN_DIR:-target/release}
file=server/tests/data/airports.csv
work=$(mktemp -d)
server_pid=

finish() {
    if [[ -n $server_pid ]]; then
        kill "$server_pid" 2>/dev/null || true
        wait "$server_pid" || true
    fi
    rm -rf "$work"
}
trap finish EXIT

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

show() {
    printf '\n$'
    local word
    for word; do
        if [[ $word == *' '* ]]; then
            printf ' "%s"' "$word"
        else
            printf ' %s' "$word"
        fi
    done
    printf '\n'
    "$@"
}

# Runs one statement on the ClickHouse behind the server, past Sluice.
clickhouse() {
    curl --silent --show-error --fail-with-body --data-binary "$1" --config - \
        "http://127.0.0.1:$http_port/" <<<"user = default:$(<"$work/data/clickhouse-password")"
}

grpc_port=$(free_port)
http_port=$(free_port)
export PATH="$PWD/$bin:$PATH" SLUICE_SERVER="http://127.0.0.1:$grpc_port"

sluice-server --listen "127.0.0.1:$grpc_port" --embedded-http-port "$http_port" \
    --data-dir "$work/data" >"$work/server.log" 2>&1 &
server_pid=$!
for _ in {1..300}; do
    sluice ping >/dev/null 2>&1 && break
    if ! kill -0 "$server_pid" 2>/dev/null; then
        break
    fi
    sleep 0.1
done
if ! show sluice ping; then
    cat "$work/server.log" >&2
    exit 1
fi

show sluice upload "$file" --table default.demo --create
show sluice describe default.demo
show sluice preview --table default.demo --limit 5
show sluice preview --query 'SELECT state, count() AS airports FROM default.demo GROUP BY state
    ORDER BY airports DESC LIMIT 5'
show sluice export --table default.demo -o "$work/out.csv"

# The export goes into a second table of the same shape; rows are compared there, without their order.
clickhouse 'CREATE TABLE default.again AS default.demo'
show sluice upload "$work/out.csv" --table default.again
content='SELECT count(), sum(cityHash64(tuple(*))) FROM default'
went_in=$(clickhouse "$content.demo")
came_out=$(clickhouse "$content.again")

printf '\n%-9s %-64s  %s\n' '' 'SHA-256 of the file' 'rows, sum of their hashes'
printf '%-9s %s  %s\n' \
    'went in' "$(sha256sum <"$file" | cut -c1-64)" "$went_in" \
    'came out' "$(sha256sum <"$work/out.csv" | cut -c1-64)" "$came_out"
if [[ $went_in != "$came_out" ]]; then
    printf 'NOT EQUAL: the rows differ\n'
    exit 1
elif cmp --silent "$file" "$work/out.csv"; then
    printf 'equal: the same rows, and the same bytes\n'
else
    printf 'equal: the same rows; the bytes differ:\n'
    diff "$file" "$work/out.csv" | head -n 6 || true
fi

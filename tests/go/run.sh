#!/usr/bin/env bash
# Holds plimsoll against Go itself on generated inputs: encoding/json on structs like those of a create body, net and
# net/netip on addresses and prefixes, mime on media types. Needs `go` (Debian: golang-go); without it, it says so.
#
#   tests/go/run.sh [COUNT [SEED]]      COUNT inputs of each kind, 100,000 if not given
set -euo pipefail
cd "$(dirname "$0")"
if ! command -v go >/dev/null; then
    echo "SKIPPED: go is not installed"
    exit 0
fi
cargo build --quiet --release
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
GOFLAGS=-mod=mod GO111MODULE=on GOCACHE="${GOCACHE:-$target/go-cache}" \
    go run . -plimsoll "$target/release/plimsoll" -count "${1:-100000}" -seed "${2:-1}"

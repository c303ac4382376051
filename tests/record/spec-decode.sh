#!/usr/bin/env bash
# What Go's decoder says of config.json and of features with the structs that containerd was built with, for
# ../vectors/spec-decode.ndjson. Needs Go 1.19 or later and its module proxy; where they are missing it says so and ends with status 0.
# Instead of the proxy, RUNTIME_SPEC may name a git repository of opencontainers/runtime-spec.
#
#   tests/record/spec-decode.sh           compares with the recorded file; status 1 if it differs
#   tests/record/spec-decode.sh --write   records anew
set -euo pipefail
cd "$(dirname "$0")"
recorded=../vectors/spec-decode.ndjson

if ! command -v go >/dev/null; then
    echo "skipped: there is no go"
    exit 0
fi
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder" && rm -rf "$folder"' EXIT

# profile, the runtime-spec that its containerd names in go.mod, and the commit of that
while read -r profile version commit; do
    module="$folder/$profile"
    mkdir "$module"
    cp spec-decode/main.go "$module"
    printf 'module record\n\ngo 1.19\n\nrequire github.com/opencontainers/runtime-spec %s\n' "$version" >"$module/go.mod"
    if [ -n "${RUNTIME_SPEC:-}" ]; then
        mkdir "$module/spec"
        git -C "$RUNTIME_SPEC" archive "$commit" specs-go | tar -x -C "$module/spec"
        printf 'module github.com/opencontainers/runtime-spec\n' >"$module/spec/go.mod"
        printf 'replace github.com/opencontainers/runtime-spec => ./spec\n' >>"$module/go.mod"
    fi
    if ! (cd "$module" && GOFLAGS=-mod=mod GOPATH="$folder/go" go build -o record . 2>"$folder/log"); then
        cat "$folder/log"
        echo "skipped: it cannot be built"
        exit 0
    fi
    "$module/record" "$profile" >>"$folder/cases.ndjson"
done <<'VERSIONS'
containerd-1.7 v1.1.1-0.20230823135140-4fec88fd00a4 4fec88fd00a4
containerd-2.1 v1.2.1 v1.2.1
VERSIONS

if [ "${1:-}" = --write ]; then
    cp "$folder/cases.ndjson" "$recorded"
    echo "$(wc -l <"$recorded") cases recorded with $(go version)"
elif cmp "$folder/cases.ndjson" "$recorded"; then
    echo "$(wc -l <"$recorded") cases are as recorded, with $(go version)"
else
    echo "$(go version) says something else than is recorded; --write, and compare" >&2
    exit 1
fi

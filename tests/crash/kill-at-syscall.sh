#!/usr/bin/env bash
# Kills `plimsoll wrap --write` at each of its system calls on files in turn, with SIGKILL from strace, and looks at
# what it leaves: under a final name there is a whole script or nothing, and the next run finishes the work.
#
#   tests/crash/kill-at-syscall.sh target/debug/plimsoll
#
# Skipped, and said so, where strace is missing or may not trace.
set -euo pipefail

plimsoll=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! strace -o /dev/null true 2>/dev/null; then
    echo "SKIPPED: strace is not installed, or may not trace here"
    exit 0
fi

daemon=$work/daemon.json
cat >"$daemon" <<'JSON'
{"runtimes": {"a": {"path": "/bin/true", "runtimeArgs": ["--one"]}, "b": {"path": "/bin/true", "runtimeArgs": ["--two"]}}}
JSON

wrap() { "$plimsoll" wrap --daemon "$daemon" --write "$1" --profile "$2" >/dev/null 2>&1; }

# All calls of one profile, in a folder of its own; prints how often it killed.
try() {
    local profile=$1 work=$work/$1 killed=0
    mkdir "$work"
    wrap "$work/whole" "$profile"
    for call in openat write fsync rename fchmod chmod mkdir unlink unlinkat rmdir flock close; do
        for nth in $(seq 1 200); do
            to="$work/scripts"
            rm -rf "$to" "$to-old" "$work/gen-scripts"
            # An older daemon's directory is there before, so that there is something to lose.
            if [ "$profile" = moby-23 ]; then cp -r "$work/whole" "$to"; fi
            status=0
            # A shell in between keeps quiet about what was killed.
            bash -c '"$@"; exit $?' _ strace -f -qq -o /dev/null -e "inject=$call:signal=KILL:when=$nth" \
                "$plimsoll" wrap --daemon "$daemon" --write "$to" --profile "$profile" >/dev/null 2>&1 || status=$?
            for script in "$to"/[ab]*; do
                [ -e "$script" ] || continue
                cmp -s "$script" "$work/whole/$(basename "$script")" || {
                    echo "FAILED: $script is not whole after $call number $nth ($profile)"
                    exit 1
                }
                [ "$(stat -c %a "$script")" = 700 ] || {
                    echo "FAILED: $script has the wrong mode after $call number $nth ($profile)"
                    exit 1
                }
            done
            if [ "$profile" = moby-23 ] && [ ! -d "$to" ]; then
                diff -r "$work/whole" "$to-old" >/dev/null || {
                    echo "FAILED: neither the old nor the new directory after $call number $nth"
                    exit 1
                }
            fi
            # Beyond the last call of this name nothing is killed.
            [ "$status" -ne 0 ] || break
            killed=$((killed + 1))
            wrap "$to" "$profile"
            diff -r "$work/whole" "$to" >/dev/null || {
                echo "FAILED: the run after $call number $nth left something else ($profile)"
                exit 1
            }
        done
    done
    echo "$killed"
}

killed=0
for profile in moby-23 moby-28; do try "$profile" >"$work/$profile.txt" & done
for profile in moby-23 moby-28; do
    wait -n || { cat "$work"/*.txt; exit 1; }
done
for profile in moby-23 moby-28; do killed=$((killed + $(<"$work/$profile.txt"))); done
echo "killed $killed times: every name had a whole script or nothing, and the next run finished"

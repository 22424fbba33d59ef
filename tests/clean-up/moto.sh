#!/usr/bin/env bash
# Has review apps cleaned up in an account of an unmodified moto server, and in one of local-aws.
#
#   VENV=/path/to/venv tests/clean-up/moto.sh target/debug
#
# The venv holds local-aws's requirements.txt.
set -euo pipefail

scripts=$(cd "$(dirname "$0")" && pwd)
binaries=$(realpath "${1:?usage: VENV=… moto.sh path/to/binaries}")
venv=$(realpath "${VENV:?VENV names the venv with requirements.txt}")
export PYTHONDONTWRITEBYTECODE=1

scratch=$(mktemp --directory)
processes=()
# shellcheck disable=SC2329 # The trap below invokes it.
finish() {
    for process in "${processes[@]}"; do
        kill "$process" 2>/dev/null || true
    done
    wait
    rm --recursive --force "$scratch"
}
trap finish EXIT

# Waits until a server has said its address, for half a minute at most.
address() {
    local seen
    for _ in $(seq 300); do
        seen=$(grep --only-matching --max-count=1 'http://127\.0\.0\.1:[1-9][0-9]*' "$1" || true)
        if [[ -n $seen ]]; then
            echo "$seen"
            return
        fi
        sleep 0.1
    done
    echo "no address in $1:" >&2
    cat "$1" >&2
    return 1
}

"$binaries/local-aws" --port 0 >"$scratch/github" 2>&1 &
processes+=($!)
"$binaries/local-aws" --port 0 >"$scratch/local-aws" 2>&1 &
processes+=($!)
"$venv/bin/moto_server" -H 127.0.0.1 -p 0 >"$scratch/moto" 2>&1 &
processes+=($!)

clean-up() {
    "$venv/bin/python" "$scripts/moto.py" --binary "$binaries/clean-up-review-apps" "$@"
}

moto=$(address "$scratch/moto")
local_aws=$(address "$scratch/local-aws")
clean-up --gaps moto --github "$(address "$scratch/github")" --endpoint "$moto" >"$scratch/judged" 2>&1 &
judging=$!
processes+=("$judging")

ended=0
echo "== local-aws at $local_aws"
clean-up --gaps local-aws --github "$local_aws" --endpoint "$local_aws" || ended=$?

echo "== moto at $moto"
wait "$judging" || ended=$?
cat "$scratch/judged"
[[ $ended == 0 ]]

#!/usr/bin/env bash
# Judges local-aws and an unmodified moto server with the same script.
#
#   VENV=/path/to/venv tests/local-aws/conform.sh target/debug/local-aws
#
# The venv holds requirements.txt; it is made if it is not there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
binary=$(realpath "${1:?usage: VENV=… conform.sh path/to/local-aws}")
venv=${VENV:?VENV names the venv with requirements.txt}
export PYTHONDONTWRITEBYTECODE=1

if [[ ! -x $venv/bin/python ]]; then
    python3 -m venv "$venv"
fi
venv=$(realpath "$venv")
python=$venv/bin/python
if ! "$venv/bin/pip" freeze | grep --quiet --line-regexp "$(sed --quiet 's/^boto3==/&/p' "$here/requirements.txt")"; then
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
fi

scratch=$(mktemp --directory)
processes=()
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

cd "$here"
echo "== the judge itself: a wrong answer is noticed"
"$python" -m unittest --quiet conformity.test_models

"$binary" --port 0 >"$scratch/local-aws" 2>&1 &
processes+=($!)
endpoint=$(address "$scratch/local-aws")

echo "== local-aws at $endpoint"
"$python" conform.py --endpoint "$endpoint"

echo "== the judge itself: a double that fails is found out"
"$python" - "$endpoint" <<'PYTHON'
import json, sys, urllib.request

rule = {"kind": "server-error", "operation": "DescribeTasks"}
request = urllib.request.Request(
    f"{sys.argv[1]}/_local/faults", json.dumps(rule).encode(), method="POST"
)
urllib.request.urlopen(request).close()
PYTHON
if "$python" conform.py --endpoint "$endpoint" --patience 2 --only "DescribeTasks" >"$scratch/judged"; then
    cat "$scratch/judged"
    echo "conform.py found nothing wrong with an endpoint whose DescribeTasks always fails" >&2
    exit 1
fi

"$venv/bin/moto_server" -H 127.0.0.1 -p 0 >"$scratch/moto" 2>&1 &
processes+=($!)
endpoint=$(address "$scratch/moto")

# moto does nothing by itself: what has not happened after a second never will.
echo "== moto at $endpoint, with its expected differences"
"$python" conform.py --endpoint "$endpoint" --patience 1 --expect moto-differences.json

#!/usr/bin/env bash
# The README's "By hand" section as written, under cargo-lambda: the functions served by
# `cargo lambda watch`, invoked with the files of events/, against local-aws. Needs cargo-lambda on
# PATH. Ends everything it started.
set -euo pipefail
cd "$(dirname "$0")/.."

scratch=$(mktemp -d)
pids=()
finish() {
  if [ ${#pids[@]} -gt 0 ]; then kill "${pids[@]}" 2>/dev/null || true; fi
  wait
  rm -rf "$scratch"
}
trap finish EXIT

free-port() {
  python3 -c 'import socket; it = socket.socket(); it.bind(("127.0.0.1", 0)); print(it.getsockname()[1])'
}

# wait-for SECONDS WHAT COMMAND...: until the command succeeds.
wait-for() {
  local seconds=$1 what=$2
  shift 2
  for _ in $(seq $((seconds * 5))); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  echo "no sign of $what after $seconds s" >&2
  tail -40 "$scratch"/*.log >&2
  return 1
}

# says FILE TEXT: the text is in the file, or the file is shown.
says() {
  grep -qF -- "$2" "$1" || { echo "expected «$2» in:" >&2; cat "$1" >&2; return 1; }
}

cargo build --quiet --workspace --bins --locked
aws_port=$(free-port)
lambda_port=$(free-port)
target/debug/local-aws --port "$aws_port" --scene events/codedeploy-lifecycle-hook.json \
  >"$scratch/local-aws.log" 2>&1 &
pids+=($!)

export AWS_ENDPOINT_URL=http://127.0.0.1:$aws_port AWS_REGION=eu-west-2
export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local
export ALERTS_TOPIC_ARN=arn:aws:sns:eu-west-2:123456789012:alerts
export ROUTES='{"destinations": {"chat": {"type": "slack", "webhook": "alerts#slack"}}, "default": ["chat"],
  "allowed_hosts": ["127.0.0.1"]}'
wait-for 20 local-aws grep -q listens "$scratch/local-aws.log"

# A local Slack, and the secret that leads to it.
python3 - "$AWS_ENDPOINT_URL" <<'PYTHON'
import json, sys, urllib.request
def ask(path, body, headers):
    request = urllib.request.Request(sys.argv[1] + path, data=json.dumps(body).encode(), headers=headers)
    return json.load(urllib.request.urlopen(request))
chat = ask("/_local/receivers", {"name": "chat", "kind": "slack"}, {})["address"]
secret = {"Name": "alerts", "SecretString": json.dumps({"slack": chat}), "ClientRequestToken": "0" * 32}
ask("/", secret, {"X-Amz-Target": "secretsmanager.CreateSecret"})
PYTHON
chat() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' \
  "$AWS_ENDPOINT_URL/_local/receivers/chat/shown"; }

deployment() {
  python3 - "$AWS_ENDPOINT_URL" <<'PYTHON'
import json, sys, urllib.request
request = urllib.request.Request(
    sys.argv[1], data=b'{"deploymentId": "d-KXQ0TI2MF"}',
    headers={"X-Amz-Target": "CodeDeploy_20141006.GetDeployment"})
print(json.load(urllib.request.urlopen(request))["deploymentInfo"]["status"])
PYTHON
}
is() { [ "$(deployment)" = "$1" ]; }

echo "· as plain commands"
target/debug/run-migrations --event events/codedeploy-lifecycle-hook.json --dry-run >"$scratch/plan"
says "$scratch/plan" 'quayside/migration/d-KXQ0TI2MF'
target/debug/run-migrations --event events/codedeploy-lifecycle-hook.json --dry-run --json >"$scratch/plan.json"
python3 -m json.tool "$scratch/plan.json" >/dev/null
says "$scratch/plan.json" '"clientToken"'
target/debug/conclude-task --event events/ecs-task-state-change-running.json >"$scratch/nothing"
says "$scratch/nothing" 'no container has ended yet'
target/debug/run-background-task --event events/scheduler-background-task.json --dry-run >"$scratch/job-plan"
says "$scratch/job-plan" 'quayside/job/reminders'
target/debug/fan-out-alerts check-routes >"$scratch/routes"
says "$scratch/routes" 'chat  slack      default'
target/debug/fan-out-alerts render events/alert-alarm-metric.json --json >"$scratch/rendered"
python3 -m json.tool "$scratch/rendered" >/dev/null
says "$scratch/rendered" 'web-5xx-high'
target/debug/fan-out-alerts test >"$scratch/test"
says "$scratch/test" 'chat  delivered'
if env --unset ALERTS_TOPIC_ARN target/debug/run-migrations --event events/codedeploy-lifecycle-hook.json 2>"$scratch/refused"; then
  echo "a missing setting was not refused" >&2; exit 1
fi
says "$scratch/refused" 'ALERTS_TOPIC_ARN is not set'
is InProgress

echo "· under cargo lambda watch"
cargo lambda watch --invoke-address 127.0.0.1 --invoke-port "$lambda_port" --ignore-changes \
  >"$scratch/watch.log" 2>&1 &
pids+=($!)
invoke() {
  cargo lambda invoke --invoke-address 127.0.0.1 --invoke-port "$lambda_port" "$@"
}
wait-for 60 "cargo lambda watch" python3 -c "import socket; socket.create_connection(('127.0.0.1', $lambda_port))"

invoke run-migrations --data-file events/codedeploy-lifecycle-hook-dry-run.json >"$scratch/dry-run"
says "$scratch/dry-run" '"outcome":"planned"'
is InProgress
invoke run-migrations --data-file events/codedeploy-lifecycle-hook.json >"$scratch/started"
says "$scratch/started" '"outcome":"started"'
invoke conclude-task --data-file events/ecs-task-state-change-of-a-service.json >"$scratch/foreign"
says "$scratch/foreign" 'started by somebody else'
if invoke conclude-task --data-file events/ecs-task-state-change-stopped-failed.json >"$scratch/unknown" 2>&1; then
  echo "a task that ECS does not know was concluded" >&2; exit 1
fi
says "$scratch/unknown" 'ECS does not know the task'
is InProgress
# The task exits after a moment; the watchdog's pass may have to come by twice.
concluded() {
  invoke conclude-task --data-file events/eventbridge-scheduled-event.json >"$scratch/concluded" && says "$scratch/concluded" Succeeded
}
wait-for 30 "the conclusion" concluded
wait-for 30 "the end of the deployment" is Succeeded
echo "· the deployment has Succeeded"

invoke run-background-task --data-file events/scheduler-background-task.json >"$scratch/job"
says "$scratch/job" '"outcome":"started"'
invoke run-background-task --data-file events/scheduler-background-task.json >"$scratch/again"
says "$scratch/again" '"outcome":"already-started"'
echo "· a job runs, once"

invoke fan-out-alerts --data-file events/alert-migration-failed.json >"$scratch/told"
says "$scratch/told" '"outcome":"delivered"'
chat >"$scratch/chat"
says "$scratch/chat" 'Migration failed'
says "$scratch/chat" 'This is a test'
echo "· an alert arrives"

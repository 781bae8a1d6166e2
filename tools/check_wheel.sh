#!/usr/bin/env bash
# Builds the wheel, installs it in a bare environment and runs it there, away from the sources.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

.venv/bin/python -m build --quiet --wheel --outdir "$scratch/dist" .
"${PYTHON:-python3}" -m venv "$scratch/bare"
"$scratch/bare/bin/python" -m pip install --quiet --constraint requirements.lock "$scratch"/dist/beritaclass-*.whl
size=$(stat -c %s "$scratch"/dist/beritaclass-*.whl)
cp data/examples.jsonl "$scratch/examples.jsonl"
cd "$scratch"
bare/bin/python - <<'PY'
import beritaclass as bc

assert "site-packages" in bc.__file__, bc.__file__
tags = {tag.topic for tag in bc.load().tag("Bea Cukai Batam menggagalkan penyelundupan dua juta batang rokok ilegal.")}
assert "bea-cukai" in tags, tags
PY
bare/bin/beritaclass evaluate examples.jsonl --json > evaluation.json
bare/bin/beritaclass tag examples.jsonl -o tagged.jsonl
test "$(wc -l < tagged.jsonl)" -eq "$(wc -l < examples.jsonl)"
echo "the wheel ($size bytes) tags $(wc -l < tagged.jsonl) examples in a bare environment"

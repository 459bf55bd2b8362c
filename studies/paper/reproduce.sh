#!/usr/bin/env bash
# Run the paper's experiments, and write its tables and figures with our numbers to docs/reproduction.
# Run it with: make reproduce
# You can stop it at any time. When you start it again, it skips what the store already contains.
set -euo pipefail
cd "$(dirname "$0")/../.."

DARTBOARD=${DARTBOARD:-.venv/bin/dartboard}
PYTHON=${PYTHON:-.venv/bin/python}
STORE=${STORE:-sqlite:///reproduction.db}
OUT=${OUT:-docs/reproduction}

step() {  # run a dartboard command and record how long it takes
  echo "== dartboard $*"
  local began=$SECONDS
  "$DARTBOARD" "$@" --store "$STORE"
  echo "$(date -u +%FT%TZ),$((SECONDS - began)),$*" >> "$OUT/times.csv"
}

mkdir -p "$OUT"
[ -e "$OUT/times.csv" ] || echo "finished,seconds,command" > "$OUT/times.csv"

sequential=(blur-one-shot blur-final downsampling-one-shot blur-single)
cell=(blur-cell-one-shot blur-cell-final)
by_signal=(blur-inherited blur-short blur-eigenvalue)
studies=("${sequential[@]}" "${cell[@]}")
campaigns=(table1 table3 figure5 table2 table4 incumbents noise alpha-scale)
beyond=(signals robustdarts surrogate)  # what the paper does not have
by_strategy=(strategies-finite strategies-plane)

for name in "${campaigns[@]}" "${beyond[@]}"; do step campaign "studies/paper/$name.toml"; done
for name in "${studies[@]}" "${by_signal[@]}"; do step run "studies/paper/$name.toml"; done
step strategies studies/paper/strategies-finite.toml --format markdown -o "$OUT/strategies-finite.md" \
  --picture "$OUT/strategies-finite.png" --progress-picture "$OUT/strategies-finite-progress.png"
step strategies studies/paper/strategies-plane.toml --format markdown -o "$OUT/strategies-plane.md" \
  --picture "$OUT/strategies-plane.png" --progress-picture "$OUT/strategies-plane-progress.png" \
  --plane-picture "$OUT/strategies-plane-points.png"
for name in "${by_strategy[@]}"; do
  step strategies "studies/paper/$name.toml" --format csv -o "$OUT/$name.csv"
  step strategies "studies/paper/$name.toml" --format csv --what architectures -o "$OUT/$name-top.csv"
done
step compare blur-one-shot blur-final -o "$OUT/comparison"
step compare blur-cell-one-shot blur-cell-final --quick -o "$OUT/comparison"
step compare blur-one-shot "${by_signal[@]}" blur-final --quick -o "$OUT/comparison"

for number in 1 2 3 4 7 8; do
  step table "$number" --format csv -o "$OUT/table$number.csv"
  step table "$number" --format markdown -o "$OUT/table$number.md"
done
step table 2 --campaign noise --format csv -o "$OUT/table2-noise.csv"
step table 2 --campaign noise --format markdown -o "$OUT/table2-noise.md"
step table 3 --campaign alpha-scale --format csv -o "$OUT/table3-alpha-scale.csv"
step table 3 --campaign alpha-scale --format markdown -o "$OUT/table3-alpha-scale.md"
step findings -o "$OUT/findings.md"
for number in 1 2 3 4 5 6 7 8 9; do step plot "$number" -o "$OUT/figure$number.png"; done
step plot anytime "${studies[@]}" -o "$OUT/anytime.png"
for name in "${studies[@]}"; do
  step plot budgets "$name" -o "$OUT/budgets-$name.png"
  step plot search "$name" -o "$OUT/search-$name.png"
done
step signals signals --format markdown -o "$OUT/signals.md" --picture "$OUT/signals.png"
step signals signals --format csv -o "$OUT/signals.csv"
step plot eigenvalue signals -o "$OUT/eigenvalues.png"
step plot plasticity signals --condition sequential-all-blur-darts-H1 -o "$OUT/plasticity.png"
step methods robustdarts --format markdown -o "$OUT/methods.md" --picture "$OUT/methods.png"
step methods robustdarts --format csv -o "$OUT/methods.csv"
step surrogate studies/paper/surrogate.toml --format markdown -o "$OUT/surrogate.md" --picture "$OUT/surrogate.png"
step surrogate studies/paper/surrogate.toml --format csv -o "$OUT/surrogate.csv"
step export "${campaigns[@]}" --what trials --format parquet -o "$OUT/campaign-trials.parquet"
step export "${campaigns[@]}" --what conditions --format csv -o "$OUT/conditions.csv"
step export "${studies[@]}" --what evaluations --format parquet -o "$OUT/evaluations.parquet"
step export "${studies[@]}" --what trials --format parquet -o "$OUT/study-trials.parquet"
step export "${beyond[@]}" --what trials --format parquet -o "$OUT/signal-campaign-trials.parquet"
step export blur-one-shot "${by_signal[@]}" blur-final --what trials --format parquet -o "$OUT/signal-study-trials.parquet"
step export surrogate --what candidates --format parquet -o "$OUT/candidates.parquet"
step export "${by_strategy[@]}" --what trials --format parquet -o "$OUT/strategy-trials.parquet"
"$PYTHON" studies/paper/shrink.py "$OUT"

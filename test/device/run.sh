#!/bin/bash
# What the pack runs on a machine with a GPU. Results go to $OUT (unless told: ./results): a log of each part, bench-MAKE.json and bench.md.
# A part that fails or takes too long is named, and the others go on; the last lines are the summary. PARTS="steps bench" takes only these;
# all of it takes LIMIT seconds at most (unless told: 290), and what then is left is named. QUICK=1 takes few steps, for a driver in software.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$PWD/results}
tree=${TREE:-/tmp/bnlab-device}
mkdir -p "$out" "$tree"
start=$SECONDS
summary=()

# part NAME LIMIT COMMAND...
part() {
  local name=$1 limit=$2 from=$SECONDS code left=$((${LIMIT:-290} - SECONDS + start))
  shift 2
  [[ " ${PARTS:-$name} " == *" $name "* ]] || return 0
  [ "$left" -lt "$limit" ] && limit=$left
  if [ "$limit" -lt 10 ]; then
    summary+=("$name: left out, the time is spent; PARTS=$name runs it alone")
    return 0
  fi
  timeout --kill-after=5 "$limit" "$@" >"$out/$name.log" 2>&1
  code=$?
  tail -n "${LINES_SHOWN:-25}" "$out/$name.log"
  [ $code = 124 ] && code="stopped after $limit s"
  summary+=("$name: exit $code, $((SECONDS - from)) s")
}

tar xf "$here/node.tar.xz" -C "$tree" && tar xf "$here/tree.tar.xz" -C "$tree" || exit 1
export PATH="$tree:$PATH" HOME="$tree/home"
mkdir -p "$HOME"
[ -d "$here/libraries" ] && export LD_LIBRARY_PATH="$here/libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
icd=$(find -L /usr/local /usr/share /etc -maxdepth 6 -path '*/vulkan/icd.d/nvidia_icd*.json' -print -quit 2>/dev/null)
[ -n "$icd" ] && export VK_DRIVER_FILES="${VK_DRIVER_FILES:-$icd}"
python=$(command -v python3)
export BNLAB_ENGINE=webgpu
cd "$tree" || exit 1

part adapter 60 node -e "require('bnlab').ready().then((card) => console.log(card.engine, card.device))"
LINES_SHOWN=60 part steps 120 node -r ts-node/register/transpile-only test/device/steps.ts
part conformance 130 node lib/dist/tools/main.js conformance --engine webgpu
part tests 100 node -r ts-node/register/transpile-only -r ./test/support/home.ts --test --test-concurrency=4 --test-reporter=spec \
  $(find test/engine -path '*webgpu*' -name '*.test.ts')
if [ -n "$python" ]; then
  # The peers are given the same precision: float32, no TensorFloat-32.
  export BNLAB_PEER_DEVICE=cuda JAX_PLATFORMS=cuda JAX_DEFAULT_MATMUL_PRECISION=highest
  LINES_SHOWN=60 part bench 170 node -r ts-node/register/transpile-only test/bench/bench.ts \
    --peers --python "$python" --rounds "${ROUNDS:-5}" --no-extras --output "$out"
fi
printf '%s\n' "${summary[@]}" "all: $((SECONDS - start)) s"

# Sourced by the tests beside it: a scratch folder, granules, and what the examples print.
set -euo pipefail
cd "${ZAGG_SOURCE_DIR:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'FAIL %s\n' "$*" >&2
    exit 1
}

# A sanitizer's run-time may not like programs of another build: only their result counts.
make_granules() {
    "${ZAGG_BUILD_DIR:?}/zagg-synth" --quiet --out "$work/granules" --granules 2 \
        --photons 3000 --beams 2 || fail 'zagg-synth'
}

# expect_examples FOLDER: one_shard and read_column there, on two granules.
expect_examples() {
    local granules=("$work"/granules/*.h5) out
    out=$("$1/read_column" "${granules[0]}" /gt1l/heights/h_ph) || fail "$1/read_column"
    grep -qx '/gt1l/heights/h_ph: 3000 values of type float32' <<<"$out" || fail "$out"
    grep -qxE 'min [-0-9.]+, mean [-0-9.]+, max [-0-9.]+' <<<"$out" || fail "$out"
    out=$("$1/read_column" "${granules[0]}" /gt1l/heights/signal_conf_ph 4) ||
        fail "$1/read_column of a column"
    grep -qx '/gt1l/heights/signal_conf_ph: 3000 values of type int8' <<<"$out" || fail "$out"
    if out=$("$1/read_column" "${granules[0]}" /gt1l/nope 2>&1); then
        fail 'read_column of what is not there'
    fi
    [[ $out == "read_column: ${granules[0]}: /gt1l/nope: no 'nope' in /gt1l" ]] || fail "$out"
    out=$("$1/one_shard" examples/demo.yaml "${granules[@]}") || fail "$1/one_shard"
    grep -qxE 'shard -?[0-9]+' <<<"$out" || fail "$out"
    grep -qxE 'chunk [0-9]+: [1-9][0-9]* of [0-9]+ cells with data' <<<"$out" || fail "$out"
    grep -qxE '  h_mean +float32  [1-9][0-9]* values from [-0-9.]+ to [-0-9.]+' <<<"$out" ||
        fail "$out"
    grep -qxE '  morton +uint64' <<<"$out" || fail "$out"
    grep -qxE '[1-9][0-9]* cells with data from [1-9][0-9]* photons of 2 granules' <<<"$out" ||
        fail "$out"
}

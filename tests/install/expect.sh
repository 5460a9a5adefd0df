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

# expect_examples FOLDER: the examples there, on two granules.
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
    out=$("$1/to_arrow" examples/demo.yaml "${granules[@]}") || fail "$1/to_arrow"
    grep -qxE '[1-9][0-9]* batches' <<<"$out" || fail "$out"
    grep -qxE '  h_mean +f' <<<"$out" || fail "$out"
    grep -qxE '  h_tdigest +\+L of \+w:2 of f' <<<"$out" || fail "$out"
    grep -qxE '  morton +L, with an extension type' <<<"$out" || fail "$out"
    grep -qx 'block 3: 2 values, the largest 4.0' <<<"$out" || fail "$out"
    grep -qx 'block 7: 3 values, the largest 2.5' <<<"$out" || fail "$out"
    out=$("$1/expression" 'np.max(h) - np.median(h)' 312.5 310.25 318 311) ||
        fail "$1/expression"
    [ "$out" = 'float32: 6.25' ] || fail "$out"
    if out=$("$1/expression" 'h.tofile("x")' 1 2>&1); then
        fail 'expression of what the language does not have'
    fi
    [[ $out == *"column 3: "*tofile* ]] || fail "$out"
    "$ZAGG_BUILD_DIR/zagg" run -q --config examples/demo.yaml --granules "${granules[@]}" \
        --store "$work/store" >"$work/run.log" 2>&1 || fail "$(cat "$work/run.log")"
    out=$("$1/quantiles" "$work/store" h_tdigest 0.05 0.5 0.95) || fail "$1/quantiles"
    grep -qxE 'cell [0-9]+: [1-9][0-9]* values,( -?[0-9]+\.[0-9]{4}){3}' <<<"$out" ||
        fail "$out"
    grep -qxE '[1-9][0-9]* cells with a digest' <<<"$out" || fail "$out"
    rm -rf "$work/store"
}

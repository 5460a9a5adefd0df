#!/usr/bin/env bash
# run.sh [--without-tools] SCRIPT.py: a peer test in .venv-peer, with ZAGG_TOOLS (the peers'
# tools) exported. With the option it runs also where these tools are not.
set -euo pipefail
needs_tools=1
if [ "$1" = --without-tools ]; then
    needs_tools=
    shift
fi
python=${ZAGG_SOURCE_DIR:?}/.venv-peer/bin/python
shared=${ZAGG_SHARED:-$ZAGG_SOURCE_DIR/../shared}
reason=
[ -e "$ZAGG_SOURCE_DIR/.venv-peer/.zagg-peers" ] ||
    reason=${ZAGG_NO_PEER:-"there is no .venv-peer (scripts/deps peer makes it)"}
[ -n "$reason" ] || [ -z "$needs_tools" ] || [ -d "$shared/tools" ] || reason="the peers' tools are not in $shared/tools"
if [ -n "$reason" ]; then
    echo "skipped: $reason"
    [ -z "${CI:-}" ] || exit 1
    exit 77
fi
export ZAGG_SHARED="$shared" ZAGG_TOOLS="$shared/tools" PYTHONDONTWRITEBYTECODE=1
exec "$python" "$@"

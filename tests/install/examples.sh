#!/usr/bin/env bash
# The examples as the build made them.
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
make_granules
expect_examples "$ZAGG_BUILD_DIR/examples"
echo 'the examples do what they say'

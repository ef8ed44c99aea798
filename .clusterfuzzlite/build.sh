#!/usr/bin/env bash
# Builds every fuzz target into $OUT, each with its dictionary and its seeds: for ClusterFuzzLite and
# OSS-Fuzz, which set the variables, and for a try on any machine with a nightly toolchain:
#
#   RUSTUP_TOOLCHAIN=nightly SRC=/somewhere OUT=/somewhere/out .clusterfuzzlite/build.sh
#
# The checkout is $SRC/smtp-proto; where there is none, the one this file is in.
set -euo pipefail
shopt -s nullglob
: "${OUT:?the folder that the targets go to}"
checkout=${SRC:-}/smtp-proto
if [ ! -f "$checkout/fuzz/Cargo.toml" ]; then
  checkout=$(cd "$(dirname "$0")/.." && pwd)
fi
cd "$checkout"
mkdir -p "$OUT"

if [ "${FUZZING_ENGINE:-libfuzzer}" != libfuzzer ]; then
  echo "the targets are libFuzzer's, not ${FUZZING_ENGINE}'s" >&2
  exit 1
fi
case ${SANITIZER:-address} in
  address | memory | thread) sanitizer=${SANITIZER:-address} ;;
  # The image's own `cargo` makes this a build for coverage, and Rust has no sanitizer for undefined behaviour.
  coverage | none | undefined) sanitizer=none ;;
  *)
    echo "no such sanitizer for Rust: $SANITIZER" >&2
    exit 1
    ;;
esac

target_dir=${CARGO_TARGET_DIR:-$checkout/target}
RUSTC_WORKSPACE_WRAPPER=$checkout/fuzz/instrument-machine-only \
  cargo fuzz build -O --debug-assertions --sanitizer "$sanitizer" --target-dir "$target_dir"
host=$(rustc -vV | sed -n 's/^host: //p')
for target in $(cargo fuzz list); do
  cp "$target_dir/$host/release/$target" "$OUT/"
  cp fuzz/smtp.dict "$OUT/$target.dict"
  seeds=(fuzz/corpus/"$target"/* fuzz/regressions/"$target"/*)
  rm -f "$OUT/${target}_seed_corpus.zip"
  zip -qj "$OUT/${target}_seed_corpus.zip" "${seeds[@]}"
  echo "$target: ${#seeds[@]} seeds"
done

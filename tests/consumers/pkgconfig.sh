#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: pkgconfig.sh shared|static STAGE LIBDIR CC
set -euo pipefail
kind=$1 stage=$2 libdir=$3 cc=$4
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# Moved elsewhere first: spikekit.pc must not hold on to the place of installation.
cp -a "$stage" "$out/moved"
export PKG_CONFIG_PATH=$out/moved/$libdir/pkgconfig
source=$(dirname "${BASH_SOURCE[0]}")/consumer.c
if [ "$kind" = shared ]; then
    # shellcheck disable=SC2046
    "$cc" -o "$out/consumer" "$source" $(pkg-config --cflags --libs spikekit)
    LD_LIBRARY_PATH=$out/moved/$libdir "$out/consumer"
else
    rm "$out/moved/$libdir"/libspikekit.so*
    # shellcheck disable=SC2046
    "$cc" -o "$out/consumer" "$source" $(pkg-config --static --cflags --libs spikekit)
    "$out/consumer"
fi

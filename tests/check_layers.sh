#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Who may include whom. bindings -> topics -> fft, linalg, distributions, files -> base.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
failed=0
wrong() { echo "$*"; failed=1; }

# The folders of lib/ whose internal headers a folder may include, besides its own.
declare -A may=(
    [base]=""
    [fft]="base"
    [linalg]="base"
    [distributions]="base"
    [files]="base"
    [spikes]="base fft linalg distributions files"
    [sorting]="base fft linalg distributions files correlation spikes"
    [correlation]="base fft linalg distributions files spikes"
    [spectral]="base fft linalg distributions files spikes"
    [encoding]="base fft linalg distributions files correlation spikes"
    [decoding]="base fft linalg distributions files encoding spikes"
    [models]="base fft linalg distributions files spikes"
)
# The one folder that sees a library's headers.
declare -A home=(
    [fftw3.h]=fft [cblas.h]=linalg [lapacke.h]=linalg [openblas_config.h]=linalg
    [Rmath.h]=distributions [zlib.h]=files [jansson.h]=files [xxhash.h]=files [hdf5.h]=files
)

n=0
for directory in lib/*/; do
    folder=$(basename "$directory")
    [ -n "${may[$folder]+set}" ] || wrong "lib/$folder: a folder that no layer names"
    while IFS=: read -r file header; do
        n=$((n + 1))
        case $header in
        */*) target=${header%%/*} ;;
        *) target=$folder ;;
        esac
        [ "$target" = "$folder" ] || [[ " ${may[$folder]:-} " == *" $target "* ]] ||
            wrong "$file includes \"$header\": $folder may not use $target"
    done < <(grep -rHoP '^\s*#\s*include\s+"\K[^"]+' "$directory" --include='*.[ch]')
done
for header in "${!home[@]}"; do
    while IFS= read -r file; do
        [[ $file == lib/${home[$header]}/* ]] ||
            wrong "$file includes <$header>: only lib/${home[$header]} may"
    done < <(grep -rlE "^\s*#\s*include\s+[<\"]$header" lib include bindings --include='*.[ch]')
done
# The shell's face sees what any user of the library sees.
while IFS=: read -r file header; do
    [ -e "$(dirname "$file")/$header" ] ||
        wrong "$file includes \"$header\": bindings use public headers only"
done < <(grep -rHoP '^\s*#\s*include\s+"\K[^"]+' bindings --include='*.[ch]')
# Public headers include only each other and the standard library.
while IFS=: read -r file header; do
    [[ $header == spikekit/* || $header == std*.h ]] || wrong "$file includes <$header>"
done < <(grep -rHoP '^\s*#\s*include\s+[<"]\K[^">]+' include --include='*.h')
echo "$n internal includes"
[ "$n" -gt 0 ] && exit "$failed"

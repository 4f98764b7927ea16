#!/usr/bin/env bash
# tools/format.sh [--check] [file...]: formats C++ with clang-format 14. Without files: every C++ file of the
# tree. With --check nothing is written and a file that is not formatted is a failure. Of the files given,
# only C++ is looked at, because clang-format takes everything else for C++ too: a whole diff may be given.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
if [[ ${1:-} == --check ]]; then
  mode=(--dry-run -Werror)
  shift
fi
formatter=$(command -v clang-format-14 || command -v clang-format) || {
  echo "clang-format is missing: tools/install.sh lint" >&2
  exit 1
}
files=()
for file in "$@"; do
  if [[ $file == *.h || $file == *.cc ]]; then files+=("$file"); fi
done
if [[ $# -eq 0 ]]; then
  mapfile -d '' files < <(find src tests tools -name node_modules -prune -o \
    \( -name '*.h' -o -name '*.cc' \) -type f -print0)
fi
if [[ ${#files[@]} -eq 0 ]]; then exit 0; fi
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 20 "$formatter" "${mode[@]}"

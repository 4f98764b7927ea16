#!/bin/sh
# in_shards.sh COUNT PROGRAM ARGUMENT...: runs a GoogleTest program in COUNT processes at once, each with its share of the
# cases; fails when one of them does. For cases that mostly wait, such as those that start a broker each.
count=$1
shift
processes=
index=0
while [ "$index" -lt "$count" ]; do
  GTEST_TOTAL_SHARDS=$count GTEST_SHARD_INDEX=$index "$@" &
  processes="$processes $!"
  index=$((index + 1))
done
result=0
for process in $processes; do
  wait "$process" || result=1
done
exit "$result"

#!/usr/bin/env bash
# Says whether a file is a whole snapshot of one cluster's etcd: prints what it holds as JSON, or refuses it by name.
# Needs etcdutl and jq, and nothing of a node: an operator's machine runs it as well.
# Usage: check-snapshot.sh FILE MARK, the mark being what the cluster keeps under the key groundswell/cluster, or `-`
# for a file whose origin is known.
set -euo pipefail
file=$1 mark=$2 name=${1##*/}

refuse() {
  printf 'refused: %s: %s\n' "$name" "$*" >&2
  exit 1
}

[[ -f $file ]] || refuse "there is no such file"
bytes=$(wc -c <"$file")
((bytes > 0)) || refuse "the file is empty"
# etcd appends the SHA-256 of what comes before it, and its pages are multiples of 512 bytes.
((bytes % 512 == 32)) || refuse "corrupt: $bytes bytes are not the length of a snapshot"
sum=$(head -c -32 "$file" | sha256sum | cut -d' ' -f1)
held=$(tail -c 32 "$file" | od -An -v -tx1 | tr -d ' \n')
[[ $sum == "$held" ]] || refuse "corrupt: its SHA-256 is $sum, and it says $held"
status=$(etcdutl snapshot status "$file" --write-out json 2>&1) || refuse "corrupt: ${status:0:200}"

# The file holds values as they are, so the mark is found without starting an etcd on it.
marks=''
[[ $mark == - ]] || marks=$(LC_ALL=C grep -a -o -E 'groundswell-cluster:[a-z0-9-]+:[0-9a-f]{64}' "$file" | sort -u) ||
  refuse "foreign: it has no mark of a cluster"
if [[ $mark != - ]] && ! grep -qxF "$mark" <<<"$marks"; then
  refuse "foreign: it belongs to ${marks//$'\n'/, }, not to $mark"
fi
jq -c --argjson bytes "$bytes" '{bytes: $bytes, revision, keys: .totalKey, hash}' <<<"$status"

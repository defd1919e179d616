#!/usr/bin/env bash
# Gives the container runtime the images that came from the mirror, each once.
# Reads: /etc/groundswell/artefacts, whose lines of the kind `image` the step before has downloaded and checked.
set -euo pipefail
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"
cache=$state/artefacts

while read -r sum address kind; do
  [[ $kind == image && ! -e $cache/$sum.installed ]] || continue
  say "importing ${address##*/}"
  ctr --namespace k8s.io images import "$cache/$sum.part" || die "${address##*/} could not be imported"
  sync
  touch "$cache/$sum.installed"
  rm -f "$cache/$sum.part"
done <"$root/etc/groundswell/artefacts"

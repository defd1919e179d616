#!/usr/bin/env bash
# Builds the real parts that `make test-real` runs: the Pulumi command line and engine, the Python language host,
# kubeadm and kubectl, the Kubernetes API server with its controllers, etcd, and cloud-init's schema checker; and the
# further ones that `make test-boot` puts into virtual machines: kubelet, scheduler, kube-proxy, containerd, runc, the
# CNI's loopback plugin, crictl and CoreDNS. Karpenter's scheduler, with which `make bench` compares, is built when named.
# Each part lands in its own folder of the cache, named by its version and by the hash of what decides its content, so a
# part that is there is never built again.
#
#   tools/build.sh               build what is missing for `make test-real`
#   tools/build.sh --boot        the same for `make test-boot`
#   tools/build.sh PART          only this one
#   tools/build.sh --list        one line per part: name, folder, present or absent
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${GROUNDSWELL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/groundswell}/tools
real_parts=(language-host pulumi kubeadm kubectl kube-apiserver kube-controller-manager etcd cloud-init)
boot_parts=(kubeadm kubectl kube-apiserver kube-controller-manager etcd kubelet kube-scheduler kube-proxy containerd runc
  cni-plugins crictl coredns)
bench_parts=(karpenter)
mapfile -t parts < <(printf '%s\n' "${real_parts[@]}" "${boot_parts[@]}" "${bench_parts[@]}" | awk '!seen[$0]++')

# The version that a module has in a go.mod file: its require line, alone or inside a block.
required() { # GO_MOD MODULE
  awk -v module="$2" '$1 == "require" && $2 == module { print $3; exit } $1 == module && $2 ~ /^v/ { print $2; exit }' "$1"
}

version_of() {
  case $1 in
    pulumi) required "$here/pulumi/go.mod" github.com/pulumi/pulumi/pkg/v3 ;;
    language-host) required "$here/language-host/go.mod" github.com/pulumi/pulumi/sdk/v3 ;;
    kube*) required "$here/kubernetes/go.mod" k8s.io/kubernetes ;;
    etcd) required "$here/etcd/go.mod" go.etcd.io/etcd/server/v3 ;;
    containerd) required "$here/containerd/go.mod" github.com/containerd/containerd/v2 ;;
    runc) required "$here/runc/go.mod" github.com/opencontainers/runc ;;
    cni-plugins) required "$here/cni-plugins/go.mod" github.com/containernetworking/plugins ;;
    crictl) required "$here/crictl/go.mod" sigs.k8s.io/cri-tools ;;
    coredns) required "$here/coredns/go.mod" github.com/coredns/coredns ;;
    karpenter) required "$here/karpenter/go.mod" sigs.k8s.io/karpenter ;;
    cloud-init) echo distribution ;;
    *) echo "tools/build.sh: $1: not a part; the parts are: ${parts[*]}" >&2 && exit 2 ;;
  esac
}

folder_of() {
  local version inputs
  version=$(version_of "$1")
  case $1 in
    kube*) inputs=("$here/kubernetes/go.mod" "$here/kubernetes/go.sum") ;;
    karpenter) inputs=("$here"/karpenter/go.{mod,sum} "$here"/karpenter/*.go) ;;
    cloud-init) inputs=("$here/cloud-init/packages.txt" "$here/cloud-init/cloud-init") ;;
    *) inputs=("$here/$1/go.mod" "$here/$1/go.sum") ;;
  esac
  echo "$cache/$1-$version-$(cat -- "${inputs[@]}" | sha256sum | cut -c1-12)"
}

go_build() { # MODULE_FOLDER PACKAGE OUTPUT LDFLAGS
  (cd -- "$here/$1" && CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags "-s -w $4" -o "$3" "$2")
}

build_pulumi() { # FOLDER VERSION
  local stamp=github.com/pulumi/pulumi/sdk/v3/go/common/version.Version
  go_build pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "$1/bin/pulumi" "-X $stamp=$2"
}

build_language_host() { # FOLDER
  local package=github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python module
  go_build language-host "$package" "$1/bin/pulumi-language-python" ""
  module=$(cd -- "$here/language-host" && go list -f '{{.Module.Dir}}' "$package")
  install -m 0755 "$module/python/cmd/pulumi-language-python-exec" "$1/bin/"
}

build_kubernetes() { # PROGRAM FOLDER VERSION
  local stamp=k8s.io/component-base/version minor
  minor=$(cut -d. -f2 <<<"$3")
  go_build kubernetes "k8s.io/kubernetes/cmd/$1" "$2/bin/$1" \
    "-X $stamp.gitVersion=$3 -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor -X $stamp.gitTreeState=clean"
}

# The three programs of one release: server, client, and the one that works on its files.
build_etcd() { # FOLDER
  go_build etcd go.etcd.io/etcd/server/v3 "$1/bin/etcd" ""
  go_build etcd go.etcd.io/etcd/etcdctl/v3 "$1/bin/etcdctl" ""
  go_build etcd go.etcd.io/etcd/etcdutl/v3 "$1/bin/etcdutl" ""
}

build_containerd() { # FOLDER VERSION
  local module=github.com/containerd/containerd/v2 program
  for program in containerd containerd-shim-runc-v2 ctr; do
    go_build containerd "$module/cmd/$program" "$1/bin/$program" "-X $module/version.Version=$2"
  done
}

# The only part with C in it: its system-call filter is libseccomp's.
build_runc() { # FOLDER VERSION
  (cd -- "$here/runc" && CGO_ENABLED=1 go build -mod=readonly -trimpath -tags seccomp \
    -ldflags "-s -w -X main.version=${2#v}" -o "$1/bin/runc" github.com/opencontainers/runc)
}

build_cni_plugins() { # FOLDER
  go_build cni-plugins github.com/containernetworking/plugins/plugins/main/loopback "$1/bin/loopback" ""
}

# The distribution's package, unpacked and not installed: nothing outside the cache changes and root is not needed.
unpack_cloud_init() { # FOLDER
  local packages package
  if ! { command -v apt-get && command -v dpkg; } >/dev/null; then
    echo "cloud-init comes from the distribution: needs apt-get and dpkg (Debian or Ubuntu)" >&2
    return 1
  fi
  mapfile -t packages < <(grep -v '^#' "$here/cloud-init/packages.txt")
  mkdir "$1/packages" "$1/root"
  cd -- "$1/packages"
  apt-get download -qq "${packages[@]}" 2>/dev/null || { apt-get update -qq && apt-get download -qq "${packages[@]}"; }
  for package in *.deb; do dpkg -x "$package" "$1/root"; done
  cd -- "$here"
  rm -r "$1/packages"
  install -m 0755 "$here/cloud-init/cloud-init" "$1/bin/"
  "$1/bin/cloud-init" --version >/dev/null
}

# Builds beside the final folder and renames at the end: a build that was cut never looks finished.
ensure() { # PART
  local version folder
  version=$(version_of "$1")
  folder=$(folder_of "$1")
  if [[ -d $folder ]]; then
    printf '%-24s %-14s there\n' "$1" "$version"
    return
  fi
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.$1.XXXXXX")
  trap 'rm -rf "$work"; echo "tools/build.sh: a part could not be had: see the lines above" >&2' EXIT
  mkdir "$work/bin"
  case $1 in
    pulumi) build_pulumi "$work" "$version" ;;
    language-host) build_language_host "$work" ;;
    kube*) build_kubernetes "$1" "$work" "$version" ;;
    etcd) build_etcd "$work" ;;
    containerd) build_containerd "$work" "$version" ;;
    runc) build_runc "$work" "$version" ;;
    cni-plugins) build_cni_plugins "$work" ;;
    crictl) go_build crictl sigs.k8s.io/cri-tools/cmd/crictl "$work/bin/crictl" "-X sigs.k8s.io/cri-tools/pkg/version.Version=$version" ;;
    coredns) go_build coredns github.com/coredns/coredns "$work/bin/coredns" "" ;;
    karpenter) go_build karpenter . "$work/bin/karpenter" "" ;;
    cloud-init) unpack_cloud_init "$work" ;;
  esac
  chmod 0755 "$work"
  mv -T "$work" "$folder"
  trap - EXIT
  printf '%-24s %-14s built in %s s\n' "$1" "$version" "$SECONDS"
}

build_all() { # PARTS...
  local part failed=0
  # Only Debian and Ubuntu have cloud-init as a package; everything else is worth having without it.
  for part in "$@"; do "${BASH_SOURCE[0]}" "$part" || [[ $part == cloud-init ]] || failed=1; done
  return "$failed"
}

list() {
  local part folder state
  for part in "${parts[@]}"; do
    folder=$(folder_of "$part")
    state=absent
    [[ ! -d $folder ]] || state=present
    printf '%s\t%s\t%s\n' "$part" "$folder" "$state"
  done
}

(($# <= 1)) || { echo "usage: tools/build.sh [PART | --boot | --list]" >&2 && exit 2; }
case ${1-} in
  '') build_all "${real_parts[@]}" ;;
  --boot) build_all "${boot_parts[@]}" ;;
  --list) list ;;
  *) ensure "$1" ;;
esac

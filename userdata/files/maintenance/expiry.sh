# shellcheck shell=bash disable=SC2034 # the variables are for the programs that source this
# Sourced: until when certificates are valid.
# shellcheck source=maintenance.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/maintenance/maintenance.sh"

# Days: below the first kubeadm's certificates are renewed, below the second an operator has to look.
renew_below=90 alert_below=30

pem() { # FILE, a certificate or a kubeconfig with one inside
  if [[ $1 == *.conf ]]; then
    sed -n 's/^ *client-certificate-data: //p' "$1" | base64 -d
  else
    cat "$1"
  fi
}

# One line per certificate: `leaf` (kubeadm renews it) or `other`, end of its validity in seconds since 1970, file.
certificates() {
  local file kind end
  for file in "$pki"/*.crt "$pki"/etcd/*.crt "$kubernetes"/*.conf "$kubelet"/pki/kubelet-*-current.pem; do
    kind=leaf
    case ${file##*/} in
      *ca.crt | kubelet-*) kind=other ;;
      kubelet.conf) continue ;; # it names a file that the kubelet renews, listed by its own name
    esac
    [[ -s $file ]] || continue
    end=$(pem "$file" | openssl x509 -noout -enddate 2>/dev/null) || continue
    printf '%s %s %s\n' "$kind" "$(date -u -d "${end#notAfter=}" +%s)" "${file#"$root"}"
  done
}

# Whole days that are left until a time, rounded down: negative when it has passed.
days_until() { # SECONDS_SINCE_1970
  local left=$(($1 - $(date +%s)))
  echo $(((left - (left < 0 ? 86399 : 0)) / 86400))
}

# Days that the certificate which ends first has left; nothing when there is none.
soonest() { # leaf|any
  local kind end file least=''
  while read -r kind end file; do
    if [[ $1 == any || $1 == "$kind" ]] && { [[ -z $least ]] || ((end < least)); }; then least=$end; fi
  done < <(certificates)
  [[ -z $least ]] || days_until "$least"
}

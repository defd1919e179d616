# shellcheck shell=bash
# Sourced: instance metadata and signed AWS calls with nothing but curl and jq.
# Tokens, credentials and bodies reach curl as configuration on its standard input: no secret is an argument.
# Reads: IMDS_ENDPOINT, REGION, SSM_ENDPOINT.
# shellcheck source=common.sh
. "${GROUNDSWELL_ROOT-}/usr/local/lib/groundswell/common.sh"
: "${IMDS_ENDPOINT:?}" "${REGION:?}" "${SSM_ENDPOINT:?}"

imds_curl=(curl -sf --noproxy '*' --connect-timeout 2 --max-time 5)
imds_session=(-X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$IMDS_ENDPOINT/latest/api/token")

# Opens an IMDSv2 session for the next minute.
imds_open() { imds_token=$("${imds_curl[@]}" "${imds_session[@]}"); }

# One value of the instance metadata.
imds() { # PATH
  printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$imds_token" |
    "${imds_curl[@]}" -K - "$IMDS_ENDPOINT/latest/meta-data/$1"
}

# The metadata service's clock, in seconds since 1970: right even when this machine's is not.
imds_clock() {
  local date
  date=$("${imds_curl[@]}" -o /dev/null -D - "${imds_session[@]}" | tr -d '\r' | sed -n 's/^[Dd]ate: //p')
  [[ -n $date ]] && date -d "$date" +%s
}

# The instance role's credentials as lines of curl's configuration. A program with many calls in a row keeps them in
# the variable `credentials`.
credentials_config() {
  local role
  imds_open && role=$(imds iam/security-credentials/) && imds "iam/security-credentials/$role" |
    jq -r '"user = \("\(.AccessKeyId):\(.SecretAccessKey)" | @json)",
           "header = \("X-Amz-Security-Token: \(.Token)" | @json)"'
}

# One signed POST. Its body comes on standard input, as a line of curl's configuration; the answer and a last line with
# the HTTP status go out.
signed_post() { # SERVICE ENDPOINT CURL_ARGUMENTS...
  local service=$1 endpoint=$2 login=${credentials-}
  shift 2
  [[ -n $login ]] || login=$(credentials_config) || return 1
  { printf '%s\n' "$login" && cat; } | curl -sS --connect-timeout 5 --max-time 30 -K - \
    --aws-sigv4 "aws:amz:$REGION:$service" -w '\n%{http_code}' "$@" "$endpoint/"
}

# One signed S3 call. The HTTP status goes out; the body goes where curl's arguments say.
s3() { # URL SHA256_OF_THE_BODY|UNSIGNED-PAYLOAD CURL_ARGUMENTS...
  local url=$1 sum=$2 login=${credentials-}
  shift 2
  [[ -n $login ]] || login=$(credentials_config) || return 1
  curl -sS -K - --aws-sigv4 "aws:amz:$REGION:s3" -H "x-amz-content-sha256: $sum" -w '%{http_code}' "$@" "$url" <<<"$login"
}

# One Parameter Store call, tried SSM_TRIES times (5).
# Status: 0 done, 3 no such parameter, 4 it exists already, 1 anything else.
ssm() { # ACTION; the body comes on standard input
  local action=$1 body answer try
  body=$(cat)
  for ((try = 1; try <= ${SSM_TRIES:-5}; try++)); do
    ((try == 1)) || sleep "$((try - 1)).$((RANDOM % 10))"
    answer=$(printf '%s\n' "$body" | signed_post ssm "$SSM_ENDPOINT" \
      -H 'Content-Type: application/x-amz-json-1.1' -H "X-Amz-Target: AmazonSSM.$action") || continue
    case $answer in
      *$'\n'200) printf '%s\n' "${answer%$'\n'*}" && return ;;
      *ParameterNotFound*) return 3 ;;
      *ParameterAlreadyExists*) return 4 ;;
    esac
    say "ssm $action: ${answer:0:300}" >&2
  done
  return 1
}

# Prints a parameter's value, decrypted.
ssm_get() { # NAME
  jq -nr --arg name "$1" '{Name: $name, WithDecryption: true} | "data-raw = \(tojson | @json)"' |
    ssm GetParameter | jq -j .Parameter.Value
}

# Stores what comes on standard input. Without `overwrite` the first writer wins and the others get status 4.
ssm_put() { # NAME String|SecureString KEY_OR_EMPTY [overwrite]
  jq -Rsr --arg name "$1" --arg type "$2" --arg key "$3" --arg mode "${4-}" \
    '{Name: $name, Type: $type, Value: ., Overwrite: ($mode == "overwrite")}
      + if $key == "" then {} else {KeyId: $key} end | "data-raw = \(tojson | @json)"' | ssm PutParameter >/dev/null
}

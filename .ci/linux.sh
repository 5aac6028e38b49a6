#!/usr/bin/env bash
# Brings Debian's Linux, some of its modules and busybox for riscv64 into a folder, by an apt with lists of its own: `.ci/linux.sh DIR`.
# Needs Debian's apt and dpkg, no rights.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
# The mirror that this machine has.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [arch=riscv64 signed-by=$keyring] $mirror trixie main" >"$scratch/sources.list"
options=(-o "Dir::Etc::SourceList=$scratch/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$scratch/lists"
  -o "Dir::Cache=$scratch/cache" -o APT::Architecture=riscv64 -o APT::Architectures=riscv64)
if apt-get "${options[@]}" update -qq; then
  kernel=$(apt-cache "${options[@]}" depends linux-image-riscv64 | awk '/Depends:/ { print $2; exit }')
  (cd "$scratch" && apt-get "${options[@]}" download -qq "$kernel" busybox-static)
else
  # A mirror that is being brought up to date has an index that its signature doesn't know yet, for days at times. These packages
  # run inside a guest alone and none of their scripts does anywhere, so they are taken by that index.
  echo "The mirror's index doesn't match its signature; its packages are taken unverified."
  curl -fsSL "$mirror/dists/trixie/main/binary-riscv64/Packages.xz" | xz -dc >"$scratch/Packages"
  field() { awk -v package="$1" -v name="$2:" '$1 == "Package:" { here = $2 == package } here && $1 == name { print $2; exit }' "$scratch/Packages"; }
  for package in "$(field linux-image-riscv64 Depends)" busybox-static; do
    curl -fsSL -o "$scratch/$package.deb" "$mirror/$(field "$package" Filename)"
  done
fi
for package in "$scratch"/*.deb; do dpkg-deb -x "$package" "$scratch/root"; done
cp "$scratch"/root/boot/vmlinux-* "$scratch/root/usr/bin/busybox" "$folder/"
# Debian's kernel has virtio's transport, disks, network (with what that needs) and entropy as modules.
for module in drivers/virtio/virtio_mmio drivers/block/virtio_blk net/core/failover drivers/net/net_failover \
  drivers/net/virtio_net drivers/char/hw_random/virtio-rng; do
  xz -dc "$scratch"/root/usr/lib/modules/*/kernel/$module.ko.xz >"$folder/$(basename $module).ko"
done

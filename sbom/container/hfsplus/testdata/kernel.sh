#!/bin/bash
# Makes an HFS+ image with a writer that is not ours: the Linux kernel's hfsplus
# module, run in an emulated machine, starting from an empty volume.
#
#   go test ./sbom/container/hfsplus -run TestWriteEmpty -empty /tmp/kernel.hfs
#   sbom/container/hfsplus/testdata/kernel.sh /tmp/kernel.hfs
#   gzip -9n </tmp/kernel.hfs >sbom/container/hfsplus/testdata/kernel.hfs.gz
#
# IMAGE.manifest is what the kernel reads after it has mounted the volume again:
#   f MODE SIZE LINKS SHA256 PATH | d PATH | l PATH -> TARGET
# Needs no root, no mount and no KVM. Debian 12 packages: qemu-system-x86
# linux-image-amd64 busybox-static cpio gcc libc6-dev. They may be installed, or
# unpacked (dpkg-deb -x) below the folder that ROOT names.
set -euo pipefail
image=$1
root=${ROOT:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LD_LIBRARY_PATH=${root:+$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu:}${LD_LIBRARY_PATH:-}
release=$(basename "$(ls -d "$root"/lib/modules/*-amd64 | sort -V | tail -1)")

mkdir -p "$work"/ram/{bin,dev,proc,sys,mnt,tmp}
cp "$root/bin/busybox" "$work/ram/bin/"
modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk cdrom nls_utf8 hfsplus"
for m in $modules; do
	find "$root/lib/modules/$release/kernel" -name "$m.ko" -exec cp {} "$work/ram/" \;
done
cat >"$work/xattr.c" <<'C'
#include <stdio.h>
#include <sys/xattr.h>
static char b[1 << 16];
int main(int n, char **a) { /* FILE NAME VALUEFILE */
	FILE *f = n == 4 ? fopen(a[3], "rb") : 0;
	size_t len = f ? fread(b, 1, sizeof b, f) : 0;
	if (f && !lsetxattr(a[1], a[2], b, len, 0)) return 0;
	perror("xattr");
	return 1;
}
C
gcc -static -O1 -o "$work/ram/bin/xattr" "$work/xattr.c"

cat >"$work/ram/populate" <<'SH'
cd /mnt
mkdir -p App.app/Contents/MacOS App.app/Contents/Frameworks/A.framework/Versions/A
seq 1 2000 >App.app/Contents/MacOS/App
chmod 755 App.app/Contents/MacOS/App
ln -s A App.app/Contents/Frameworks/A.framework/Versions/Current
seq 1 9 >App.app/Contents/Frameworks/A.framework/Versions/A/A
seq 1 9 >'Übergröße:한국어.txt'
mkdir links sub
seq 1 500 >links/hard1
ln links/hard1 links/hard2
ln links/hard1 sub/hard3
mv sub renamed
seq 1 3 >/tmp/short; seq 1 700 >/tmp/long
echo f >attributes
xattr attributes osx.com.example.short /tmp/short
xattr attributes osx.com.example.long /tmp/long
mkdir many
for i in $(seq 1 200); do echo $i >"many/A file with a long name that fills nodes quickly, number $i.txt"; done
mkdir gone
for i in $(seq 1 50); do echo x >gone/$i; done; sync
rm -r gone
mkdir pieces
for i in $(seq 1 80); do seq $i 700 | head -c 4096 >pieces/hole$i; done; sync
dd if=/dev/zero of=pieces/all bs=4096 count=10000 2>/dev/null || true; sync # until the volume is full
for i in $(seq 1 2 80); do rm pieces/hole$i; done; sync
for i in $(seq 1 16); do
	seq $((i*1000)) $((i*1000+900)) | head -c 4096 >>pieces/a; sync
	seq $((i*2000)) $((i*2000+900)) | head -c 4096 >>pieces/b; sync
done
SH
cat >"$work/ram/init" <<SH
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for m in $modules; do [ ! -f /\$m.ko ] || insmod /\$m.ko; done
for i in 1 2 3 4 5 6 7 8 9 10; do [ -b /dev/vdb ] || sleep 1; done
mount -t hfsplus -o rw /dev/vda /mnt && sh -e /populate && echo POPULATE DONE
cd /; sync; umount /mnt; mount -t hfsplus -o ro /dev/vda /mnt; cd /mnt
{
	find . -type f | sort | while read -r f; do
		echo "f \$(stat -c '%a %s %h' "\$f") \$(sha256sum <"\$f" | cut -c1-64) \${f#./}"
	done
	find . -mindepth 1 -type d | sort | sed 's/^..*\.\///; s/^\.\//d /'
	find . -type l | sort | while read -r f; do echo "l \${f#./} -> \$(readlink "\$f")"; done
} >/tmp/manifest
cat /tmp/manifest >/dev/vdb; sync
cd /; umount /mnt && echo UMOUNT DONE
poweroff -f
SH
chmod +x "$work/ram/init"
(cd "$work/ram" && find . | sort | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"
truncate -s 8M "$work/out"
timeout 900 "$root/usr/bin/qemu-system-x86_64" ${root:+-L "$root/usr/share/qemu" -L "$root/usr/share/seabios"} \
	-accel tcg -m 512 -smp 1 -nographic -no-reboot -nic none -rtc base=2026-01-01T00:00:00 \
	-kernel "$root/boot/vmlinuz-$release" -initrd "$work/initrd.gz" -append "console=ttyS0 panic=-1 quiet" \
	-drive "file=$image,format=raw,if=virtio" -drive "file=$work/out,format=raw,if=virtio" >"$work/log" 2>&1 </dev/null
for said in 'POPULATE DONE' 'UMOUNT DONE'; do
	grep -a -q "$said" "$work/log" || { cat "$work/log"; exit 1; }
done
tr -d '\0' <"$work/out" >"$image.manifest"
wc -l "$image.manifest"

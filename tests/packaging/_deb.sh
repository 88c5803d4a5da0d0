#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make deb` made: what the packages say of themselves, what is in them, and that it works from a folder that they
# were unpacked into. Takes longer than a test may, so `make package-check` runs it and not CTest.
# shellcheck disable=SC1091,SC2046
set -euo pipefail
packages=$SOURCE/build/deb/packages
root=$PWD/root
for package in reflash libreflash-dev; do
    dpkg-deb -x "$packages/$package"_*.deb "$root"
done
ESPSIM=$root/usr/bin/espsim
source "$SOURCE/tests/packaging/_common.sh"

# --- What they say ------------------------------------------------------------------------------------------

field() { dpkg-deb -f "$packages/$1"_*.deb "$2"; }
for package in reflash libreflash-dev; do
    [ "$(field "$package" Package)" = "$package" ] || fail "$package has another name"
    [ "$(field "$package" Version)" = "$version-1" ] || fail "$package is of another version"
    [ "$(field "$package" Architecture)" = "$(dpkg --print-architecture)" ] || fail "$package is for another architecture"
    [ -n "$(field "$package" Maintainer)" ] || fail "$package has no maintainer"
    field "$package" Description >description
    [ "$(wc -l <description)" -ge 3 ] || fail "$package is not described"
    ! tail -n +2 description | grep -vE '^ [^ ].{0,78}$' || fail "this is laid out as it is, not as text"
    dpkg-deb --ctrl-tarfile "$packages/$package"_*.deb | tar -t | sed 's,^\./,,' | sort | xargs >out
    expect_line "control md5sums" # and no scripts
    for file in copyright changelog.gz changelog.Debian.gz; do
        [ -s "$root/usr/share/doc/$package/$file" ] || fail "$package has no $file"
    done
    zcat "$root/usr/share/doc/$package/changelog.Debian.gz" >debian_changelog
    dpkg-parsechangelog -l debian_changelog -S Version >out
    expect_line "$version-1"
done
for library in libc6 libjansson4 zlib1g; do
    field reflash Depends | grep -qE "(^|, )$library( |,|$)" || fail "reflash does not depend on $library"
done

# --- What is in them ----------------------------------------------------------------------------------------

! find "$root" -type f -perm /go+w | grep . || fail "others may write these"
! find "$root" -type d ! -perm 0755 | grep . || fail "these folders have other rights"
[ "$(find "$root" -type f -perm /a+x | sort | xargs -n 1 basename | xargs)" = "espsim reflash" ] || fail "what may be run"
for program in espsim reflash; do
    ! readelf -S "$root/usr/bin/$program" | grep -q '\.symtab' || fail "$program has symbols"
    readelf -h "$root/usr/bin/$program" | grep -q 'DYN (Position-Independent' || fail "$program is not relocatable"
    ! readelf -d "$root/usr/bin/$program" | grep -E 'RPATH|RUNPATH' || fail "$program looks for libraries elsewhere"
done
! grep -rlF "$SOURCE" "$root" || fail "these files name $SOURCE"
(cd "$root" && dpkg-deb --ctrl-tarfile "$packages"/reflash_*.deb | tar -x -O --wildcards '*md5sums' | md5sum -c --quiet) ||
    fail "a file does not have its sum"

# --- What it does -------------------------------------------------------------------------------------------

expect_status 0 "$root/usr/bin/reflash" --version
expect_line "reflash $version"
expect_status 0 "$root/usr/bin/reflash" info -p sim:esp32
expect_line "ESP32, MAC 24:0a:c4:12:34:56, 4096 KiB flash, 460800 baud"
expect_status 0 env LD_PRELOAD="$root/usr/libexec/reflash/libespsim-lines.so" "$root/usr/bin/reflash" --version

quietly cmake -S "$consumer" -B consumer -DCMAKE_PREFIX_PATH="$root/usr" "-DWANTED=$version"
quietly cmake --build consumer
expect_consumer_works consumer

PKG_CONFIG_PATH=$(dirname "$(find "$root" -name reflash.pc)")
export PKG_CONFIG_PATH
mkdir by_pkg_config
cp "$consumer/program.c" program.cpp
quietly cc -o by_pkg_config/program_c "$consumer/program.c" $(pkg-config --cflags --libs reflash-posix)
quietly c++ -o by_pkg_config/program_cpp program.cpp $(pkg-config --cflags --libs reflash-posix)
quietly cc -o by_pkg_config/v1_program "$consumer/v1_program.c" $(pkg-config --cflags --libs reflash-v1)
expect_consumer_works by_pkg_config

#!/usr/bin/env bash
# Make Debian packages of the programs and of the library, in build/deb/packages.
set -euo pipefail
cd "$(dirname "$0")/.."

# As Debian builds, but for debugging information.
flags() { DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CFLAGS_MAINT_STRIP=-g dpkg-buildflags --get "$1"; }
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

mkdir -p build
rm -rf build/deb/packages
log=build/deb.log
if ! {
    cmake -G Ninja -S . -B build/deb -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_BUILD_TYPE=None -DBUILD_TESTING=OFF \
        -DCPACK_GENERATOR=DEB -DCMAKE_C_FLAGS="$(flags CFLAGS) $(flags CPPFLAGS)" \
        -DCMAKE_EXE_LINKER_FLAGS="$(flags LDFLAGS)" -DCMAKE_MODULE_LINKER_FLAGS="$(flags LDFLAGS)" &&
        cmake --build build/deb && (cd build/deb && cpack)
} >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
ls build/deb/packages/*.deb

#!/usr/bin/env bash
# Make sure that what a job needs is installed. Arguments: names of the sets below.
# Missing packages are installed where that is possible without asking (root or password-free sudo, and
# apt-get); otherwise the command to run is printed and the exit code is 1.
set -euo pipefail

have() { command -v "$1" >/dev/null; }
has_header() { printf '#include <%s>\n' "$@" | ${CC:-cc} -E -x c - -o /dev/null 2>/dev/null; }
has_clang_runtime() { compgen -G "$(clang -print-resource-dir)/lib/*/libclang_rt.fuzzer*" >/dev/null; }
has_llvm_cov() { [ -x "$(dirname "$(readlink -f "$(command -v clang)")")/llvm-cov" ]; }
has_stubs() { [ -f build/stubs/esptool-js-0.7.0.tgz ]; }
has_kconfiglib() { python3 -c 'import kconfiglib' || /usr/bin/python3 -c 'import kconfiglib'; }
has_file() { [ -f "$1" ]; }
has_newlib_nano() { [ -f "$(arm-none-eabi-gcc -print-file-name=nano.specs)" ]; }
has_picolibc_riscv() { echo '#include <picolibc.h>' | riscv64-unknown-elf-gcc --specs=picolibc.specs -E - -o /dev/null; }

missing=()
# need PACKAGE CHECK...: PACKAGE is missing unless the command CHECK succeeds.
need() {
    local package=$1
    shift
    "$@" 2>/dev/null || missing+=("$package")
}

for set in "$@"; do
    case $set in
    base)
        need build-essential has_header stdlib.h
        need cmake have cmake
        need ninja-build have ninja
        if ! has_header zlib.h libdeflate.h jansson.h mbedtls/md5.h libserialport.h; then
            need zlib1g-dev has_header zlib.h
            need libdeflate-dev has_header libdeflate.h
            need libjansson-dev has_header jansson.h
            need libserialport-dev has_header libserialport.h
            need libmbedtls-dev has_header mbedtls/md5.h
        fi
        ;;
    test)
        need libcmocka-dev has_header stdarg.h stddef.h setjmp.h stdint.h cmocka.h
        need pkg-config have pkg-config
        need python3-kconfiglib has_kconfiglib
        ;;
    clang)
        need clang have clang
        need libclang-rt-dev has_clang_runtime
        ;;
    fuzz)
        need llvm has_llvm_cov
        need python3 have python3
        ;;
    lint)
        need clang-format have clang-format
        need clang-tidy have clang-tidy
        need cppcheck have cppcheck
        need shellcheck have shellcheck
        need python3 have python3
        ;;
    size)
        need gcc-arm-none-eabi have arm-none-eabi-gcc
        need libnewlib-arm-none-eabi has_newlib_nano
        need gcc-riscv64-unknown-elf have riscv64-unknown-elf-gcc
        need picolibc-riscv64-unknown-elf has_file /usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs
        need gcc-xtensa-lx106 have xtensa-lx106-elf-gcc
        need picolibc-xtensa-lx106-elf has_file /usr/lib/xtensa-lx106-elf/include/string.h
        need python3 have python3
        ;;
    mcu)
        need qemu-system-arm have qemu-system-arm
        need gcc-arm-none-eabi have arm-none-eabi-gcc
        need libnewlib-arm-none-eabi has_newlib_nano
        ;;
    coverage)
        need gcovr have gcovr
        need python3 have python3
        ;;
    deb) need dpkg-dev have dpkg-buildflags ;;
    package-check) need python3-venv python3 -c "import ensurepip, venv" ;;
    docs) need doxygen have doxygen ;;
    mutate) need python3 have python3 ;;
    interop)
        need python3-venv python3 -c "import ensurepip, venv"
        need nodejs have node
        need npm have npm
        ;;
    espflash) need cargo have cargo ;;
    firmware) # for an ESP32-C3
        need gcc-riscv64-unknown-elf have riscv64-unknown-elf-gcc
        need picolibc-riscv64-unknown-elf has_picolibc_riscv
        need cargo have cargo
        ;;
    stubs)
        need python3 have python3
        has_stubs || need npm have npm
        ;;
    stub-codes)
        need python3-pip have pip
        need npm have npm
        need cargo have cargo
        ;;
    *)
        echo "setup.sh: no set named $set" >&2
        exit 2
        ;;
    esac
done

[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install -y -qq --no-install-recommends "${missing[@]}")
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
fi
if ! have apt-get; then
    echo "Missing: ${missing[*]} (names as in Debian). Install them, then try again." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    echo "Missing: ${missing[*]}. Run this, then try again:" >&2
    echo "    sudo apt-get update && sudo ${install[*]}" >&2
    exit 1
fi

echo "Installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${as_root[@]}" apt-get update -qq >"$log" 2>&1 || true # one unreachable source need not matter
if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" </dev/null >>"$log" 2>&1; then
    cat "$log" >&2
    echo "Could not install ${missing[*]}." >&2
    exit 1
fi

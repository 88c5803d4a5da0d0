#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# reflash is installed, moved to another folder as a whole, and found there: by find_package() and by pkg-config, from C
# and C++.
# shellcheck disable=SC1091,SC2046,SC2086
set -euo pipefail
source "$SOURCE/tests/packaging/_common.sh"

quietly cmake -S "$SOURCE" -B build -DREFLASH_PROGRAMS=OFF -DREFLASH_GPIOD=OFF -DCMAKE_INSTALL_PREFIX="$PWD/installed"
quietly cmake --build build --parallel 2
quietly cmake --install build
mv installed moved
for word in "$SOURCE" "$PWD"; do
    ! grep -rlF "$word" --include='*.cmake' --include='*.pc' --include='*.h' moved || fail "these files name $word"
done

# --- find_package() -----------------------------------------------------------------------------------------

found() {
    cmake -S "$consumer" -B consumer -DCMAKE_PREFIX_PATH="$PWD/moved" "-DWANTED=$1" --fresh
}
quietly found "${version%.*}" # without the last number
quietly cmake --build consumer
expect_consumer_works consumer
for other in 0.0.9 0.99 1.0; do
    ! found "$other" >out 2>&1 || fail "version $other was found"
done
quietly found "$version;EXACT"

# --- pkg-config ---------------------------------------------------------------------------------------------

PKG_CONFIG_PATH=$(dirname "$(find moved -name reflash.pc)")
export PKG_CONFIG_PATH=$PWD/$PKG_CONFIG_PATH
for module in reflash reflash-posix reflash-v1; do
    [ "$(pkg-config --modversion $module)" = "$version" ] || fail "$module is of another version"
    quietly pkg-config --validate $module
done
mkdir by_pkg_config
cp "$consumer/program.c" program.cpp
quietly cc -Wall -Wextra -Werror -o by_pkg_config/program_c "$consumer/program.c" $(pkg-config --cflags --libs reflash-posix)
quietly c++ -Wall -Wextra -Werror -o by_pkg_config/program_cpp program.cpp $(pkg-config --cflags --libs reflash-posix)
quietly cc -Wall -Wextra -Werror -o by_pkg_config/v1_program "$consumer/v1_program.c" $(pkg-config --cflags --libs reflash-v1)
expect_consumer_works by_pkg_config

# A program with a port of its own needs the first module alone.
cat >own.c <<'END'
#include <esp_loader.h>
int main(void)
{
    static esp_loader_t loader;
    return esp_loader_connect_with_stub(&loader, NULL) == ESP_LOADER_SUCCESS;
}
END
quietly cc -Wall -Wextra -Werror -o own own.c $(pkg-config --cflags --libs reflash)

# --- Elsewhere ----------------------------------------------------------------------------------------------

DESTDIR=$PWD/stage quietly cmake --install build --prefix /opt/reflash
[ "$(ls stage stage/opt)" = "$(printf 'stage:\nopt\n\nstage/opt:\nreflash\n')" ] || fail "not all is below /opt/reflash"
[ -f stage/opt/reflash/include/reflash.h ] || fail "no header"

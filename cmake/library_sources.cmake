# The sources of libreflash without those of what a build does not want. Who calls a function that was left out is told its
# name by the linker.
#
#   find_library_sources(OUT PART...)   all of src/ but what belongs to a PART - SPI, SDIO, MD5 - that is not named
#
# MD5 in pieces is called by what stays: md5.c stays too, and is to be compiled with REFLASH_MD5=0 (src/md5.h).

function(find_library_sources out)
    cmake_path(GET CMAKE_CURRENT_FUNCTION_LIST_DIR PARENT_PATH reflash_dir)
    set(watch CONFIGURE_DEPENDS)
    if(CMAKE_SCRIPT_MODE_FILE) # as ESP-IDF reads a component the first time
        set(watch)
    endif()
    file(GLOB_RECURSE sources ${watch} ${reflash_dir}/src/*.c)
    foreach(row "SPI|/(transport/|loader/connect_)spi[a-z_]*\\.c$" "SDIO|/(transport/|loader/connect_)sdio[a-z_]*\\.c$"
            "MD5|/loader/read\\.c$")
        string(FIND "${row}" "|" bar)
        string(SUBSTRING "${row}" 0 ${bar} part)
        math(EXPR bar "${bar} + 1")
        string(SUBSTRING "${row}" ${bar} -1 files)
        if(NOT part IN_LIST ARGN)
            list(FILTER sources EXCLUDE REGEX "${files}")
        endif()
    endforeach()
    set(${out} ${sources} PARENT_SCOPE)
endfunction()

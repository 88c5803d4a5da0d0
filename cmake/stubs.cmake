# reflash_stubs: the RAM stubs, one object for each chip, and the look-up that libreflash calls. A program that defines
# reflash_stub_find() itself links neither the look-up nor what only that mentions.

if(REFLASH_STUBS)
    set(stub_chips ${REFLASH_CHIPS})
    if(NOT stub_chips)
        file(GLOB stub_chips CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src/chips src/chips/esp*.c)
        list(TRANSFORM stub_chips REPLACE "\\.c$" "")
    endif()
    include(cmake/stub_sources.cmake)
    find_stub_sources(stub_sources ${stub_chips})
else()
    set(stub_sources stubs/none.c)
endif()

add_library(reflash_stubs STATIC ${stub_sources})
set_target_properties(reflash_stubs PROPERTIES OUTPUT_NAME reflash-stubs)
target_include_directories(reflash_stubs PRIVATE include src)
if(chip_list)
    target_compile_options(reflash_stubs PRIVATE "-DREFLASH_CHIP_LIST(X)=${chip_list}")
endif()

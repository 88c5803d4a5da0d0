# reflash_stubs: the RAM stubs, one object for each chip, and the look-up that libreflash calls. A program that defines
# reflash_stub_find() itself links neither the look-up nor what only that mentions.

if(REFLASH_STUBS)
    set(stub_chips ${REFLASH_CHIPS})
    if(NOT stub_chips)
        file(GLOB stub_chips CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/src/chips src/chips/esp*.c)
        list(TRANSFORM stub_chips REPLACE "\\.c$" "")
    endif()
    set(stub_folder ${PROJECT_SOURCE_DIR}/stubs/generated) # which a release of the sources brings along
    if(NOT EXISTS ${stub_folder})
        find_package(Python3 COMPONENTS Interpreter)
        if(NOT Python3_FOUND)
            message(FATAL_ERROR "Python 3 is needed for the RAM stubs. Install it, or build without: -DREFLASH_STUBS=OFF")
        endif()
        set(make_stubs ${PROJECT_SOURCE_DIR}/scripts/make_stubs.py)
        set(package --fetch)
        if(REFLASH_STUBS_PACKAGE)
            set(package --package ${REFLASH_STUBS_PACKAGE})
        endif()
        execute_process(COMMAND ${Python3_EXECUTABLE} ${make_stubs} ${package} RESULT_VARIABLE result
            ERROR_VARIABLE complaint)
        if(NOT result EQUAL 0)
            message(FATAL_ERROR "${complaint}")
        endif()
        set(stub_folder ${PROJECT_BINARY_DIR}/stubs)
    endif()
    list(TRANSFORM stub_chips REPLACE "(.+)" "${stub_folder}/\\1.c" OUTPUT_VARIABLE stub_sources)
    if(make_stubs)
        add_custom_command(OUTPUT ${stub_sources} DEPENDS ${make_stubs}
            COMMAND ${Python3_EXECUTABLE} ${make_stubs} ${package} --out ${stub_folder} ${stub_chips}
            COMMENT "Unpacking the RAM stubs")
    endif()
    list(APPEND stub_sources stubs/find.c)
else()
    set(stub_sources stubs/none.c)
endif()

add_library(reflash_stubs STATIC ${stub_sources})
set_target_properties(reflash_stubs PROPERTIES OUTPUT_NAME reflash-stubs)
target_include_directories(reflash_stubs PRIVATE include src)
if(chip_list)
    target_compile_options(reflash_stubs PRIVATE "-DREFLASH_CHIP_LIST(X)=${chip_list}")
endif()

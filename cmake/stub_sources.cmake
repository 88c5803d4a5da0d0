# Where the RAM stubs come from: a release of the sources brings them along as C, else they are made of the package that
# carries them (REFLASH_STUBS_PACKAGE, or fetched with npm), which takes Python 3.

# The sources with the stubs of these chips, and the look-up.
function(find_stub_sources out)
    cmake_path(GET CMAKE_CURRENT_FUNCTION_LIST_DIR PARENT_PATH reflash_dir)
    set(stub_folder ${reflash_dir}/stubs/generated)
    if(NOT EXISTS ${stub_folder})
        find_package(Python3 COMPONENTS Interpreter)
        if(NOT Python3_FOUND)
            message(FATAL_ERROR
                "Python 3 is needed for the RAM stubs. Install it, or build without: -DREFLASH_STUBS=OFF")
        endif()
        set(make_stubs ${reflash_dir}/scripts/make_stubs.py)
        set(package --fetch)
        if(REFLASH_STUBS_PACKAGE)
            set(package --package ${REFLASH_STUBS_PACKAGE})
        endif()
        execute_process(COMMAND ${Python3_EXECUTABLE} ${make_stubs} ${package} RESULT_VARIABLE result
            ERROR_VARIABLE complaint)
        if(NOT result EQUAL 0)
            message(FATAL_ERROR "${complaint}")
        endif()
        set(stub_folder ${CMAKE_CURRENT_BINARY_DIR}/stubs)
    endif()
    list(TRANSFORM ARGN REPLACE "(.+)" "${stub_folder}/\\1.c" OUTPUT_VARIABLE sources)
    if(make_stubs)
        add_custom_command(OUTPUT ${sources} DEPENDS ${make_stubs}
            COMMAND ${Python3_EXECUTABLE} ${make_stubs} ${package} --out ${stub_folder} ${ARGN}
            COMMENT "Unpacking the RAM stubs")
    endif()
    set(${out} ${sources} ${reflash_dir}/stubs/find.c PARENT_SCOPE)
endfunction()

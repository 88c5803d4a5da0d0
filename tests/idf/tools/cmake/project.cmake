# What of ESP-IDF's build system a project with our component uses, for this computer. The project becomes a program of
# the component, its own main, and a board in place of drivers and kernel. In the environment:
#   REFLASH_COMPONENT  folder of the component, which the component manager would have found
#   ESPSIM_CORE        library with the virtual chip at the other end of the UART
#   BUILT_COMPONENT    library of another project with the same component, which saves building it again; may be missing
#
# As the real one it reads each component's CMakeLists.txt twice; see requirements.cmake for the first time.

set(ESP_PLATFORM 1)
set(IDF_VERSION_MAJOR 5)
set(IDF_VERSION_MINOR 4)
set(IDF_PATH $ENV{IDF_PATH})

# Kconfig, as far as ours goes: every option has its default, unless sdkconfig.defaults of the project says otherwise.
function(read_sdkconfig kconfig)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${kconfig})
    file(STRINGS ${kconfig} lines)
    foreach(line IN LISTS lines)
        if(line MATCHES "^ *config ([A-Z0-9_]+)$")
            set(option ${CMAKE_MATCH_1})
        elseif(line MATCHES "^ *choice ")
            set(option "")
        elseif(line MATCHES "^ *default ([A-Z_]+[A-Z])$") # of a choice
            set(CONFIG_${CMAKE_MATCH_1} y PARENT_SCOPE)
        elseif(line MATCHES "^ *default (y|[0-9]+)$")
            set(CONFIG_${option} ${CMAKE_MATCH_1} PARENT_SCOPE)
        endif()
    endforeach()
    file(GLOB defaults ${CMAKE_SOURCE_DIR}/sdkconfig.defaults)
    if(defaults)
        file(STRINGS ${defaults} lines REGEX "^CONFIG_")
        foreach(line IN LISTS lines)
            string(REGEX MATCH "^(CONFIG_[A-Z0-9_]+)=(.*)$" line ${line})
            set(value ${CMAKE_MATCH_2})
            if(value STREQUAL n)
                set(value)
            endif()
            set(${CMAKE_MATCH_1} ${value} PARENT_SCOPE)
        endforeach()
    endif()
endfunction()

function(idf_component_register)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES")
    if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
        message(FATAL_ERROR "idf_component_register: ${arg_UNPARSED_ARGUMENTS} ${arg_KEYWORDS_MISSING_VALUES}")
    endif()
    foreach(folder IN LISTS arg_INCLUDE_DIRS arg_PRIV_INCLUDE_DIRS)
        cmake_path(ABSOLUTE_PATH folder BASE_DIRECTORY ${COMPONENT_DIR})
        if(NOT IS_DIRECTORY ${folder})
            message(FATAL_ERROR "Include directory '${folder}' is not a directory.")
        endif()
    endforeach()
    set(lib __idf_${COMPONENT_NAME})
    add_library(${lib} STATIC ${arg_SRCS})
    target_include_directories(${lib} PUBLIC ${arg_INCLUDE_DIRS} PRIVATE ${arg_PRIV_INCLUDE_DIRS})
    target_link_libraries(${lib} PUBLIC idf_host)
    set(COMPONENT_LIB ${lib} PARENT_SCOPE)
endfunction()

function(add_component name dir)
    execute_process(COMMAND ${CMAKE_COMMAND} -DESP_PLATFORM=1 -DCOMPONENT_DIR=${dir} -P ${IDF_PATH}/requirements.cmake
        RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${dir} cannot be read as a script")
    endif()
    set(COMPONENT_NAME ${name})
    set(COMPONENT_DIR ${dir})
    add_subdirectory(${dir} ${name})
endfunction()

macro(project name)
    _project(${name} C)

    # What is called by the names of the SDK, by everybody.
    add_library(idf_host INTERFACE)
    target_include_directories(idf_host INTERFACE ${IDF_PATH}/../ports/esp_idf)

    set(component_dir $ENV{REFLASH_COMPONENT})
    read_sdkconfig(${component_dir}/Kconfig)
    add_compile_options(-std=gnu17 -Wall -Wextra -Wconversion -Wshadow -Werror)
    include(${component_dir}/project_include.cmake)
    add_component(reflash ${component_dir})
    add_component(main ${CMAKE_SOURCE_DIR}/main)
    set(component __idf_reflash)
    if(DEFINED ENV{BUILT_COMPONENT})
        set_target_properties(__idf_reflash PROPERTIES EXCLUDE_FROM_ALL ON)
        target_include_directories(__idf_main PRIVATE $<TARGET_PROPERTY:__idf_reflash,INTERFACE_INCLUDE_DIRECTORIES>)
        set(component $ENV{BUILT_COMPONENT})
    endif()
    target_link_libraries(__idf_main PRIVATE ${component})

    set(host_sources host/board.c ../ports/esp_idf/fake_host.c ../ports/esp_idf/fake_uart.c ../ports/wires.c)
    list(TRANSFORM host_sources PREPEND ${IDF_PATH}/)
    add_executable(${name}.elf ${host_sources})
    target_compile_definitions(${name}.elf PRIVATE _GNU_SOURCE)
    target_include_directories(${name}.elf PRIVATE
        ${component_dir}/include ${component_dir}/src ${component_dir}/sim
        ${IDF_PATH}/../ports ${IDF_PATH}/../port-check)
    target_link_libraries(${name}.elf PRIVATE idf_host __idf_main $ENV{ESPSIM_CORE} ${component} z mbedcrypto cmocka)
endmacro()

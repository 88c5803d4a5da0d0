# SPDX-License-Identifier: Apache-2.0
# Images as C, converted during the build and by CMake alone; one that changes is converted again. Each becomes a
# constant of type reflash_image_t with data, size, MD5 and flash address.
#
#   embed_target_images(TARGET FOLDER)    FOLDER has a folder for each chip (esp32, esp32c3, ...), which is an ESP-IDF
#                                         build folder: adds to TARGET the table `target_images` of all that these name
#   embed_target_programs(TARGET FOLDER)  the same, but each chip's folder holds one RAM image, a file *.bin
#
#   embed_target_bundles(TARGET FOLDER LOADER)  as the first, but each chip's images become a bundle, packed by the program
#                                         reflash (REFLASH names it) for hosts with that LOADER: rom, stub or both; adds
#                                         the table `target_bundles`
#
# The table is an array of target_images_t, `target_images_count` long; the program's own target_images.h declares both. So
# does target_bundles.h with the other one, of target_bundle_t. Behind a chip's last image there has to be room for one that is
# NULL: where there is not, the build stops.

# This file is also the script that converts one: INPUT, OUTPUT, NAME, KIND and ADDR come from the command line.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    file(READ "${INPUT}" data HEX)
    file(MD5 "${INPUT}" md5)
    string(REGEX REPLACE "(................................)" "\\1\n" data "${data}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," data "${data}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," md5 "${md5}")
    cmake_path(GET INPUT FILENAME input_name)
    file(WRITE "${OUTPUT}" "/* ${input_name}, converted by cmake/embed_images.cmake. */
#include \"reflash.h\"

static const uint8_t data[] = {
${data}
};

extern const reflash_image_t ${NAME};
const reflash_image_t ${NAME} = {
    .kind = ${KIND},
    .flash_addr = ${ADDR},
    .bytes = sizeof(data),
    .data = data,
    .md5 = {${md5}},
};
")
    return()
endif()

# FILE becomes the constant NAME of TARGET, whenever the file or one of those behind it changed.
function(embed_file target file name kind addr)
    set(script ${CMAKE_CURRENT_FUNCTION_LIST_FILE})
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.c)
    cmake_path(GET file FILENAME file_name)
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${output} -DNAME=${name} -DKIND=REFLASH_KIND_${kind}
            -DADDR=${addr} -P ${script}
        DEPENDS ${file} ${script} ${ARGN}
        COMMENT "Converting ${file_name}"
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()

# What flasher_args.json in FOLDER says. The build is configured again when it changes.
function(read_flasher_args out folder)
    set(args_file "${folder}/flasher_args.json")
    if(NOT EXISTS "${args_file}")
        message(FATAL_ERROR "No ESP-IDF build folder: there is no \"${args_file}\"")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${args_file}")
    file(READ "${args_file}" args)
    set(${out} "${args}" PARENT_SCOPE)
endfunction()

# The folders in FOLDER, which are named after chips.
function(find_chip_folders out folder)
    set(chips)
    file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE "${folder}" "${folder}/esp*")
    foreach(entry IN LISTS entries)
        if(IS_DIRECTORY "${folder}/${entry}")
            list(APPEND chips ${entry})
        endif()
    endforeach()
    if(NOT chips)
        message(FATAL_ERROR "There is nothing for any chip in \"${folder}\"; give each a folder such as \"esp32\"")
    endif()
    set(${out} ${chips} PARENT_SCOPE)
endfunction()

# Names of the images in the text `args` of a flasher_args.json: the boot chain first, then the others by alphabet.
function(list_image_names out args)
    set(names)
    string(JSON count LENGTH "${args}")
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
        string(JSON member MEMBER "${args}" ${index})
        string(JSON addr ERROR_VARIABLE is_no_image GET "${args}" ${member} offset)
        if(NOT is_no_image)
            list(APPEND names ${member})
        endif()
    endforeach()
    foreach(name otadata partition-table bootloader)
        if(name IN_LIST names)
            list(REMOVE_ITEM names ${name})
            list(PREPEND names ${name})
        endif()
    endforeach()
    set(${out} ${names} PARENT_SCOPE)
endfunction()

# What the image `name` of a flasher_args.json is called, and what it is for. Other names than these are data.
function(describe_image out_title out_kind name)
    foreach(row "bootloader|Bootloader|BOOTLOADER" "partition-table|Partition table|PARTITION_TABLE"
            "otadata|OTA data|OTADATA" "app|Application|APPLICATION" "${name}|${name}|APPLICATION")
        string(REPLACE "|" ";" row "${row}")
        list(GET row 0 row_name)
        if(name STREQUAL row_name)
            list(GET row 1 title)
            list(GET row 2 kind)
            set(${out_title} "${title}" PARENT_SCOPE)
            set(${out_kind} ${kind} PARENT_SCOPE)
            return()
        endif()
    endforeach()
endfunction()

# The table `name` of TARGET, of elements of this type.
function(add_table target name type declarations rows)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.c)
    file(CONFIGURE OUTPUT ${output} CONTENT "/* Written by cmake/embed_images.cmake. */
#include \"@name@.h\"

@declarations@
const @type@ @name@[] = {
@rows@};

const uint32_t @name@_count = sizeof(@name@) / sizeof(@name@[0]);
" @ONLY)
    target_sources(${target} PRIVATE ${output})
endfunction()

# What flasher_args.json in the folder of `chip` says, which is a build for that chip.
function(read_args_for_chip out folder chip)
    read_flasher_args(args "${folder}/${chip}")
    string(JSON built_for ERROR_VARIABLE ignored GET "${args}" extra_esptool_args chip)
    if(NOT built_for STREQUAL chip)
        message(FATAL_ERROR "\"${folder}/${chip}\" is for another chip: its flasher_args.json says \"${built_for}\"")
    endif()
    set(${out} "${args}" PARENT_SCOPE)
endfunction()

function(embed_target_images target folder)
    find_chip_folders(chips "${folder}")
    set(declarations)
    set(rows)
    foreach(chip IN LISTS chips)
        read_args_for_chip(args "${folder}" ${chip})
        string(TOUPPER ${chip} chip_constant)
        string(APPEND rows "    {${chip_constant}_CHIP, {\n")
        list_image_names(names "${args}")
        list(LENGTH names count)
        string(APPEND declarations "_Static_assert(${count} < sizeof(((target_images_t *)0)->images) / sizeof(titled_image_t),\n"
            "    \"${chip} has ${count} images, more than target_images_t of target_images.h has room for\");\n")
        foreach(name IN LISTS names)
            string(JSON file GET "${args}" ${name} file)
            string(JSON addr GET "${args}" ${name} offset)
            string(MAKE_C_IDENTIFIER ${chip}_${name}_image image)
            describe_image(title kind ${name})
            embed_file(${target} ${folder}/${chip}/${file} ${image} ${kind} ${addr} ${folder}/${chip}/flasher_args.json)
            string(APPEND declarations "extern const reflash_image_t ${image};\n")
            string(APPEND rows "        {\"${title}\", &${image}},\n")
        endforeach()
        string(APPEND rows "    }},\n")
    endforeach()
    add_table(${target} target_images target_images_t "${declarations}" "${rows}")
endfunction()

function(embed_target_programs target folder)
    find_chip_folders(chips "${folder}")
    set(declarations)
    set(rows)
    foreach(chip IN LISTS chips)
        file(GLOB file CONFIGURE_DEPENDS "${folder}/${chip}/*.bin")
        list(LENGTH file file_count)
        if(NOT file_count EQUAL 1)
            message(FATAL_ERROR "\"${folder}/${chip}\" has to hold one RAM image, a file *.bin; it holds ${file_count}")
        endif()
        cmake_path(GET file STEM title)
        embed_file(${target} ${file} ${chip}_program APPLICATION 0)
        string(APPEND declarations "extern const reflash_image_t ${chip}_program;\n")
        string(TOUPPER ${chip} chip_constant)
        string(APPEND rows "    {${chip_constant}_CHIP, {{\"${title}\", &${chip}_program}}},\n")
    endforeach()
    add_table(${target} target_images target_images_t "${declarations}" "${rows}")
endfunction()

function(embed_target_bundles target folder loader)
    find_program(REFLASH reflash DOC "The program that packs bundles" NO_CMAKE_FIND_ROOT_PATH)
    if(NOT REFLASH)
        message(FATAL_ERROR "Bundles are packed by the program reflash, which is not found on this computer. `make demo` in "
            "a clone of its repository builds it as build/release/reflash. Name it: -DREFLASH=PATH")
    endif()
    find_chip_folders(chips "${folder}")
    set(declarations)
    set(rows)
    foreach(chip IN LISTS chips)
        read_args_for_chip(args "${folder}" ${chip})
        list_image_names(names "${args}")
        set(files ${folder}/${chip}/flasher_args.json)
        foreach(name IN LISTS names)
            string(JSON file GET "${args}" ${name} file)
            list(APPEND files ${folder}/${chip}/${file})
        endforeach()
        set(output ${CMAKE_CURRENT_BINARY_DIR}/${chip}_bundle.c)
        add_custom_command(OUTPUT ${output}
            COMMAND ${REFLASH} pack --for ${loader} --c-array -o ${output} ${folder}/${chip}
            DEPENDS ${files} ${REFLASH}
            COMMENT "Packing ${chip}"
            VERBATIM)
        target_sources(${target} PRIVATE ${output})
        string(TOUPPER ${chip} chip_constant)
        string(APPEND declarations
            "extern const uint8_t ${chip}_bundle[];\nextern const uint32_t ${chip}_bundle_bytes;\n")
        string(APPEND rows "    {${chip_constant}_CHIP, ${chip}_bundle, &${chip}_bundle_bytes},\n")
    endforeach()
    add_table(${target} target_bundles target_bundle_t "${declarations}" "${rows}")
endfunction()

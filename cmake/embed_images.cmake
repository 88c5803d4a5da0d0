# SPDX-License-Identifier: Apache-2.0
# Images as C: an ESP-IDF build folder becomes three constants of type reflash_image_t, during the build and by CMake
# alone.
#
#   embed_images(TARGET FOLDER)   adds to TARGET `bootloader_image`, `partition_table_image` and `application_image`,
#                                 with data, size, MD5 and flash address; an image is converted again when it changes

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

set(embed_images_script ${CMAKE_CURRENT_LIST_FILE})

function(embed_images target folder)
    set(args_file "${folder}/flasher_args.json")
    if(NOT EXISTS "${args_file}")
        message(FATAL_ERROR "No ESP-IDF build folder: there is no \"${args_file}\"")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${args_file}")
    file(READ "${args_file}" args)
    foreach(row "bootloader bootloader BOOTLOADER" "partition-table partition_table PARTITION_TABLE"
            "app application APPLICATION")
        separate_arguments(row)
        list(POP_FRONT row member name kind)
        string(JSON file GET "${args}" ${member} file)
        string(JSON addr GET "${args}" ${member} offset)
        set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}_image.c)
        add_custom_command(OUTPUT ${output}
            COMMAND ${CMAKE_COMMAND} -DINPUT=${folder}/${file} -DOUTPUT=${output} -DNAME=${name}_image
                -DKIND=REFLASH_KIND_${kind} -DADDR=${addr} -P ${embed_images_script}
            DEPENDS ${folder}/${file} ${args_file} ${embed_images_script}
            COMMENT "Converting ${file}"
            VERBATIM)
        target_sources(${target} PRIVATE ${output})
    endforeach()
endfunction()

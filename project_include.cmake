# ESP-IDF includes this before the CMakeLists.txt of any component, so all of a project's may call what it defines.
include(${CMAKE_CURRENT_LIST_DIR}/cmake/embed_images.cmake)

# What other builds need to find libsctx: `pkg-config --libs sctx`, or find_package(sctx) and sctx::sctx; plugins: sctx::plugin.
include(CMakePackageConfigHelpers)
set(SCTX_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/sctx)
file(RELATIVE_PATH SCTX_PC_TO_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" SCTX_PC_TO_PREFIX "${SCTX_PC_TO_PREFIX}")
configure_file(${PROJECT_SOURCE_DIR}/cmake/sctx.pc.in ${PROJECT_BINARY_DIR}/cmake/sctx.pc @ONLY)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/sctxConfig.cmake.in ${PROJECT_BINARY_DIR}/cmake/sctxConfig.cmake
    INSTALL_DESTINATION ${SCTX_CMAKE_DIR} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/sctxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
# Without installing: -Dsctx_DIR= this build folder.
configure_file(${PROJECT_SOURCE_DIR}/cmake/sctxBuildConfig.cmake.in ${PROJECT_BINARY_DIR}/sctxConfig.cmake @ONLY)
configure_file(${PROJECT_BINARY_DIR}/cmake/sctxConfigVersion.cmake ${PROJECT_BINARY_DIR}/sctxConfigVersion.cmake COPYONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/sctx.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_BINARY_DIR}/cmake/sctxConfig.cmake ${PROJECT_BINARY_DIR}/cmake/sctxConfigVersion.cmake DESTINATION ${SCTX_CMAKE_DIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/sctx-plugin.1 ${PROJECT_SOURCE_DIR}/docs/man/sctx-top.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/sctx-filter.7 ${PROJECT_SOURCE_DIR}/docs/man/sctx-struct.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
install(FILES ${PROJECT_SOURCE_DIR}/plugins.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
